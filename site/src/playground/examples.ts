/** What the playground can start from. `verdict` and `fixed` are what a test expects of it, without the fixes and with them. */

export interface Example {
  id: string;
  title: { en: string; zh: string };
  order: 1 | 2;
  /** The code, with a comment in each language in place of `%`. */
  code: string;
  says: { en: string; zh: string };
  verdict: string;
  fixed: string;
}

const withGradient = `const f = tf.customGrad((x, save) => {
  save([x]);
  return {
    value: VALUE,
    gradFunc: (dy, [x]) => GRADIENT,
  };
});
`;
const gradient = (value: string, own: string): string =>
  withGradient.replace('VALUE', value).replace('GRADIENT', own);

export const examples: readonly Example[] = [
  {
    id: 'factor',
    title: { en: 'Wrong: a factor is missing', zh: '错误：漏了一个系数' },
    order: 1,
    says: { en: 'x², whose gradient is 2x·dy. The 2 is missing.', zh: 'x² 的梯度是 2x·dy，这里漏了 2。' },
    code: `// %\n${gradient('tf.square(x)', 'tf.mul(dy, x)')}\nconst inputs = [[[1, 2, 3, 0.5], [-1, 0.7, 4, -2], [5, -0.3, 2.5, 6]]];\n`,
    verdict: 'wrong',
    fixed: 'wrong',
  },
  {
    id: 'right',
    title: { en: 'Right: swish', zh: '正确：swish' },
    order: 1,
    says: {
      en: 'swish, x·σ(x). Its derivative is σ(x)·(1 + x·(1 − σ(x))).',
      zh: 'swish，即 x·σ(x)，导数是 σ(x)·(1 + x·(1 − σ(x)))。',
    },
    code: `// %\nconst slope = (x) => {\n  const s = tf.sigmoid(x);\n  return tf.mul(s, tf.add(1, tf.mul(x, tf.sub(1, s))));\n};\n${gradient('tf.mul(x, tf.sigmoid(x))', 'tf.mul(dy, slope(x))')}\nconst inputs = [[[-3, -1.5, -0.4], [0.7, 1.2, 4]]];\n`,
    verdict: 'right',
    fixed: 'right',
  },
  {
    id: 'region',
    title: { en: 'Wrong in a part: elu', zh: '部分错误：elu' },
    order: 1,
    says: { en: 'elu, with the slope 1 on the left too.', zh: 'elu，但左侧的斜率也写成了 1。' },
    code: `// %\nconst f = tf.customGrad((x) => ({\n  value: tf.elu(x),\n  gradFunc: (dy) => tf.clone(dy),\n}));\n\nconst inputs = [[[-2, -1, -0.5, -0.1], [0.3, 0.8, 1.5, 3]]];\n`,
    verdict: 'wrong',
    fixed: 'wrong',
  },
  {
    id: 'bias',
    title: { en: 'Wrong: the gradient of a bias', zh: '错误：偏置的梯度' },
    order: 1,
    says: {
      en: 'x + b, where b is added to each row. Its gradient is the sum over the rows, not the mean.',
      zh: 'x + b，b 加到每一行。b 的梯度应当对各行求和，而不是求平均。',
    },
    code: `// %\nconst f = tf.customGrad((x, b) => ({\n  value: tf.add(x, b),\n  gradFunc: (dy) => [tf.clone(dy), tf.mean(dy, 0)],\n}));\n\nconst inputs = { x: [[1, 2], [3, 4], [5, 6]], b: [0.5, -1] };\n`.replace(
      'const inputs = { x: [[1, 2], [3, 4], [5, 6]], b: [0.5, -1] };',
      "const inputs = [[[1, 2], [3, 4], [5, 6]], [0.5, -1]];\nconst options = { names: ['x', 'b'] };",
    ),
    verdict: 'wrong',
    fixed: 'wrong',
  },
  {
    id: 'kink',
    title: { en: 'A kink: relu at 0', zh: '折点：relu 在 0 处' },
    order: 1,
    says: {
      en: 'relu has no derivative at 0: slopes 0 and 1 on its two sides.',
      zh: 'relu 在 0 处不可导：左侧斜率是 0，右侧斜率是 1。',
    },
    code: `// %\nconst f = (x) => tf.relu(x);\n\nconst inputs = [[-1, 0, 2]];\n`,
    verdict: 'kink',
    fixed: 'kink',
  },
  {
    id: 'tfjs',
    title: {
      en: 'A fault of TensorFlow.js: swish, second order',
      zh: 'TensorFlow.js 的错误：swish 的二阶导数',
    },
    order: 2,
    says: {
      en: 'No gradient of one’s own here: TensorFlow.js 4.22 gets the second derivative wrong. Turn the fixes on.',
      zh: '这里没有自己写的梯度：是 TensorFlow.js 4.22 的二阶导数有错。打开修正再试。',
    },
    code: `// %\nconst f = (x) => tf.mul(x, tf.sigmoid(x));\n\nconst inputs = [[-2, 0.5, 3]];\n`,
    verdict: 'wrong',
    fixed: 'right',
  },
];

export const codeOf = ({ code, says }: Example, language: 'en' | 'zh'): string =>
  code.replace('%', () => says[language]);
