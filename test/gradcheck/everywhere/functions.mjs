/** Functions with the verdict that each one must get, in every engine: plain JavaScript, for Node and for the browser. */

/** Numbers from -2 to 2 that are far from everything special, the same everywhere: a sequence of Weyl. */
const numbers = (count, start = 1) =>
  Array.from({ length: count }, (_, i) => ((((i + start) * 0.6180339887498949) % 1) - 0.5) * 4);

const matrix = (rows, columns, start) =>
  Array.from({ length: rows }, (_, i) => numbers(columns, start + i * columns));

/**
 * Name, function, inputs, verdict and options. `exact` marks those that use no more than +, -, ×, ÷ and √, which IEEE 754 rounds alike
 * everywhere: not the verdict alone is the same, but every evaluation.
 */
export function functions(tf) {
  const withGradient =
    (value, gradient) =>
    (...inputs) =>
      tf.customGrad((...args) => {
        const save = args.pop();
        save(args);
        return { value: value(...args), gradFunc: (dy, saved) => gradient(dy, ...saved) };
      })(...inputs);
  const elementwise = (value, slope) => withGradient(value, (dy, x) => tf.mul(dy, slope(x)));
  const tanhWith = (slopeOf) =>
    withGradient(
      (x) => tf.tanh(x),
      (dy, x) => slopeOf(dy, tf.sub(1, tf.square(tf.tanh(x)))),
    );
  const x = numbers(6);
  const positive = [0.3, 1.7, 0.9, 2.6];
  const square = matrix(3, 3, 5);
  const image = [matrix(4, 4, 3).map((row) => row.map((value) => [value]))];
  const filter = [[[[0.3]], [[-0.7]]], [[[1.1]], [[0.2]]]]; // prettier-ignore
  const exact = true;

  return [
    ['x²', (x) => tf.square(x), [x], 'right', { exact }],
    ['x³ by products', (x) => tf.mul(x, tf.mul(x, x)), [x], 'right', { exact }],
    [
      'a·b + a/c',
      (a, b, c) => tf.add(tf.mul(a, b), tf.div(a, c)),
      [x, numbers(6, 9), [1, 2, 3, 4, 5, 6]],
      'right',
      { exact },
    ],
    ['√x', (x) => tf.sqrt(x), [positive], 'right', { exact }],
    ['a norm', (x) => tf.sqrt(tf.sum(tf.square(x))), [x], 'right', { exact }],
    ['matMul', (a, b) => tf.matMul(a, b), [square, matrix(3, 2, 40)], 'right', { exact }],
    ['matMul, fast', (a, b) => tf.matMul(a, b), [square, matrix(3, 2, 40)], 'right', { exact, mode: 'fast' }],
    ['conv2d', (x, w) => tf.conv2d(x, w, 1, 'same'), [image, filter], 'right', { exact }],
    ['a mean over an axis', (x) => tf.mean(tf.square(x), 0), [square], 'right', { exact }],
    ['x², second order', (x) => tf.square(x), [x], 'right', { exact, order: 2 }],
    ['sin', (x) => tf.sin(x), [x], 'right'],
    ['exp', (x) => tf.exp(x), [x], 'right'],
    ['log', (x) => tf.log(x), [positive], 'right'],
    ['tanh', (x) => tf.tanh(x), [x], 'right'],
    ['sigmoid', (x) => tf.sigmoid(x), [x], 'right'],
    ['softplus', (x) => tf.softplus(x), [x], 'right'],
    ['elu', (x) => tf.elu(x), [x], 'right'],
    ['pow', (x, y) => tf.pow(x, y), [positive, [1.5, 0.5, 2.5, -1.5]], 'right'],
    ['softmax', (x) => tf.softmax(x), [square], 'right'],
    ['logSumExp', (x) => tf.logSumExp(x), [square], 'right'],
    ['atan2', (y, x) => tf.atan2(y, x), [x, numbers(6, 9)], 'right'],
    ['erf', (x) => tf.erf(x), [x], 'right'],
    [
      'a layer: tanh(x·W + b)',
      (x, w, b) => tf.tanh(tf.add(tf.matMul(x, w), b)),
      [square, matrix(3, 4, 60), numbers(4, 80)],
      'right',
    ],
    [
      'two layers with cross-entropy',
      (x, w, v) => tf.losses.softmaxCrossEntropy([[1, 0], [0, 1], [1, 0]], tf.matMul(tf.sigmoid(tf.matMul(x, w)), v)), // prettier-ignore
      [square, matrix(3, 4, 60), matrix(4, 2, 90)],
      'right',
    ],
    ['sin at 48×48, fast', (x) => tf.sin(x), [matrix(48, 48, 7)], 'right', { mode: 'fast' }],
    ['relu away from 0', (x) => tf.relu(x), [x], 'right', { exact }],
    ['relu² at 0', (x) => tf.square(tf.relu(x)), [[0, 1]], 'right', { exact }],
    ['relu at 0', (x) => tf.relu(x), [[0, 1]], 'kink', { exact }],
    ['|x| at 0', (x) => tf.abs(x), [[0, -1]], 'kink', { exact }],
    [
      'x², factor 2 missing',
      elementwise(
        (x) => tf.square(x),
        (x) => x,
      ),
      [x],
      'wrong',
      { exact },
    ],
    [
      'x², off by 1e-5',
      elementwise(
        (x) => tf.square(x),
        (x) => tf.mul(2 + 2e-5, x),
      ),
      [x],
      'wrong',
      { exact },
    ],
    [
      'matMul, transposed',
      withGradient(
        (a) => tf.matMul(a, a),
        (dy, a) => tf.matMul(dy, a),
      ),
      [square],
      'wrong',
      { exact },
    ],
    [
      'one entry off',
      elementwise(
        (x) => tf.square(x),
        (x) => tf.add(tf.mul(2, x), [0, 0, 0, 0.01, 0, 0]),
      ),
      [x],
      'wrong',
      { exact },
    ],
    ['tanh, dy ignored', tanhWith((_dy, slope) => slope), [x], 'wrong'],
    ['tanh, |dy|', tanhWith((dy, slope) => tf.mul(tf.abs(dy), slope)), [x], 'wrong'],
    ['tanh, sign', tanhWith((dy, slope) => tf.neg(tf.mul(dy, slope))), [x], 'wrong'],
    ['tanh, zero', tanhWith((_dy, slope) => tf.zerosLike(slope)), [x], 'wrong'],
    [
      'tanh, zero, at 48×48, fast',
      tanhWith((_dy, slope) => tf.zerosLike(slope)),
      [matrix(48, 48, 7)],
      'wrong',
      { mode: 'fast' },
    ],
    [
      'sin, off by 1e-4',
      elementwise(
        (x) => tf.sin(x),
        (x) => tf.mul(1.0001, tf.cos(x)),
      ),
      [x],
      'wrong',
    ],
    [
      'exp, of a neighbour',
      elementwise(
        (x) => tf.exp(x),
        (x) => tf.exp(tf.add(x, 0.001)),
      ),
      [x],
      'wrong',
    ],
    [
      'a bias not reduced by its batch',
      withGradient(
        (x, b) => tf.add(x, b),
        (dy) => [dy, tf.slice(dy, [0, 0], [1, 3]).reshape([3])],
      ),
      [square, numbers(3, 33)],
      'wrong',
      { exact },
    ],
    [
      'sin x + 1e15, twice',
      elementwise(
        (x) => tf.add(tf.sin(x), 1e15),
        (x) => tf.mul(2, tf.cos(x)),
      ),
      [[0.3, 1.1]],
      'inconclusive',
    ],
    ['a gradient that throws', elementwise((x) => tf.square(x), () => { throw new Error('boo'); }), [x], 'wrong'], // prettier-ignore
  ];
}

/** The reports on all of them, as far as they can be compared. */
export async function judgeAll(tf, gradcheck) {
  const results = [];
  for (const [name, f, inputs, expected, { exact = false, ...options } = {}] of functions(tf)) {
    const { verdict, evaluations, diagnosis } = await gradcheck(f, inputs, options);
    results.push({ name, expected, exact, verdict, evaluations, diagnosis });
  }
  return results;
}
