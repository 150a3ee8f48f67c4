/**
 * The diagnosis in Chinese. The check itself speaks English; each sentence that is known here is put into Chinese, and stands beside the
 * original, which is what a search of the documentation finds.
 */
const places = (text: string): string =>
  text
    .replace(/^only at /, '仅在 ')
    .replace(/ and (\d+) more/, ' 等处（另有 $1 处）')
    .replace(/^where (\S+) (<|≤|>|≥) (\S+)$/, '$1 $2 $3 的部分')
    .replace(/^the indices (\d+) to (\d+) of axis (\d+)$/, '轴 $3 的下标 $1 至 $2')
    .replace(/^both ends of axis (\d+)$/, '轴 $1 的两端')
    .replace(/^the first slice along axis (\d+) \(index \d+\)$/, '沿轴 $1 的第一片')
    .replace(/^the last slice along axis (\d+) \(index \d+\)$/, '沿轴 $1 的最后一片')
    .replace(/^the slice at index (\d+) of axis (\d+)$/, '轴 $2 的下标 $1');

const meaning = (text: string | undefined): string =>
  text === undefined
    ? ''
    : `（${text
        .replace(/the gradient has the wrong sign|the sign is wrong/g, '符号反了')
        .replace(
          /it was averaged over the broadcast axis (\d+) of the output, of length (\d+), instead of summed/g,
          '对输出中被广播的轴 $1（长度 $2）求了平均，而应当求和',
        )
        .replace(
          /the broadcast axis (\d+) of the output has length (\d+)/g,
          '输出中被广播的轴 $1 的长度是 $2',
        )
        .replace(/axis (\d+) of (input \d+|\S+) has length (\d+)/g, '$2 的轴 $1 的长度是 $3')
        .replace(/the output has (\d+) entries/g, '输出有 $1 个元素')
        .replace(/(input \d+|\w+) has (\d+) entries/g, '$1 有 $2 个元素')
        .replace(/\binput (\d+)/g, '输入 $1')
        .replace(/; /g, '；')}）`;

type Rule = readonly [RegExp, (...parts: string[]) => string];

const rules: readonly Rule[] = [
  [
    /^the gradient is off by a constant factor: it is (\S+|1 [+−] \S+) times what it should be(?: \((.*)\))?\.$/,
    (factor, why) => `梯度差一个常数因子：是正确值的 ${factor} 倍${meaning(why)}。`,
  ],
  [/^dy is ignored: .*$/, () => '没有用到 dy：这是 dy 全为 1 时的梯度。请乘以 dy。'],
  [/^dy is squared: .*$/, () => 'dy 被平方了：梯度对 dy 必须是线性的。'],
  [/^where dy < 0 it is taken for zero: .*$/, () => 'dy < 0 时被当作 0：梯度用了 relu(dy)。'],
  [/^where dy > 0 it is taken for zero\.$/, () => 'dy > 0 时被当作 0。'],
  [/^dy is divided by its norm: .*$/, () => 'dy 被除以自己的范数：梯度对 dy 必须是线性的。'],
  [/^dy is averaged before it is used: .*$/, () => 'dy 先求了平均再使用：每个输出都有自己的 dy。'],
  [/^dy is summed before it is used: .*$/, () => 'dy 先求了和再使用：每个输出都有自己的 dy。'],
  [
    /^dy is clipped to (a norm of )?(.+): the gradient has to be linear.*$/,
    (norm, limit) =>
      `dy ${norm ? '的范数' : ''}被裁剪到 ${limit}：梯度对 dy 必须是线性的。梯度裁剪应当放在优化器里。`,
  ],
  [/^the gradient is not linear in dy: .*$/, () => '梯度对 dy 不是线性的。'],
  [/^the gradient is wrong only where dy ([<>]) 0\.$/, (sign) => `只有在 dy ${sign} 0 时梯度是错的。`],
  [
    /^the gradient is transposed: its axes are in the order \[(.*)\].*$/,
    (order) => `梯度被转置了：轴的顺序是 [${order}]。数值正确，位置不对。`,
  ],
  [/^the gradient is reversed along axis (\d+)\.$/, (axis) => `梯度沿轴 ${axis} 反了过来。`],
  [/^the gradient is shifted by one along axis (\d+)\.$/, (axis) => `梯度沿轴 ${axis} 错开了一位。`],
  [
    /^the gradient is that of another input: what is given for (.+) is the gradient of (.+)\.$/,
    (one, other) => `给出的是另一个输入的梯度：${one} 得到的是 ${other} 的梯度。`,
  ],
  [
    /^the gradient is wrong only (where \S+ \S+ \S+)\.(?: In that part: (.*))?$/,
    (where, inside) =>
      `只有在 ${places(where)}，梯度是错的。${inside ? `在这一部分：${inChinese(inside)}` : ''}`,
  ],
  [
    /^the gradient is wrong only (at|in) (.+?)\.(?: In that part: (.*))?$/,
    (_, where, inside) =>
      `梯度只在以下位置是错的：${places(where)}。${inside ? `在这一部分：${inChinese(inside)}` : ''}`,
  ],
  [/^it is zero there\.$/, () => '那里的梯度是 0。'],
  [/^it should be zero there\.$/, () => '那里的梯度应当是 0。'],
  [
    /^each entry counts for its own output only: .*$/,
    () => '每个元素只算了对自己那个输出的影响，漏了对其他输出的影响（雅可比矩阵被当成了对角阵）。',
  ],
  [
    /^the gradient is zero, because it is detached: .*$/,
    () =>
      '梯度是 0，因为计算图断开了：f 随它变化，tf.grad 却找不到从它到输出的路径。途中有什么离开了 TensorFlow.js：dataSync()、由普通数字新建的张量，或者变量。',
  ],
  [
    /^the gradient is zero, because tf\.grad finds no way from the gradient back to it: (.*)$/,
    (rest) => `梯度是 0，因为 tf.grad 找不到从梯度回到它的路径：${rest}`,
  ],
  [
    /^the gradient is zero everywhere, while f changes: .*$/,
    () => '梯度处处是 0，而 f 在变化：计算图断开了，或者梯度函数返回了 0。',
  ],
  [
    /^A part of it is lost: what (.+) saves of its result .*$/,
    (ops) =>
      `丢失了一部分：${ops} 为求梯度而保存的结果，在计算带（tape）上排在算子自己之前，而 TensorFlow.js 按顺序查找（tfjs#3252）。没有哪个梯度函数写错。`,
  ],
  [
    /^f (has a kink|jumps, ends, or has an infinite slope) at (.+?); the gradient lies (between|outside of) the one-sided slopes(.*)\.$/,
    (what, where, side) =>
      `f 在 ${places(where)}${what === 'has a kink' ? '有折点' : '跳变、到头或斜率无穷大'}；梯度${side === 'between' ? '介于左右两侧的斜率之间' : '不在左右两侧的斜率之间'}。`,
  ],
  [
    /^the gradient(?: at (\[.*?\]))? is (\S+), the differences give (\S+?)\.$/,
    (where, got, wanted) => `${where ? `在 ${where} 处，` : ''}梯度是 ${got}，数值微分给出 ${wanted}。`,
  ],
  [
    /^(\d+) of (\d+) entries compared are wrong, in no form that is known here; the largest error: .*$/,
    (wrong, all) => `比较的 ${all} 个元素中有 ${wrong} 个是错的，不属于已知的任何一种形式。`,
  ],
  [
    /^the gradient is too small by the factor x(.*): an inner derivative is missing\.$/,
    (more) => `梯度少了因子 x${more}：漏了内层函数的导数。`,
  ],
  [/^the gradient has the factor x(.*) too much\.$/, (more) => `梯度多了因子 x${more}。`],
  [/^a constant was added to the gradient: (\S+) .*$/, (amount) => `梯度多加了一个常数：${amount}。`],
  [
    /^an amount that is the same along axis (\d+) is missing: .*$/,
    (axis) => `漏了沿轴 ${axis} 相同的一个量：f 沿这个轴求和或求平均，梯度没有算进去。`,
  ],
  [
    /^what is missing is, along axis (\d+), .*$/,
    (axis) => `f 沿轴 ${axis} 做了归一化，而梯度没有算进均值和方差对 x 的依赖。`,
  ],
  [
    /^the error comes from output (.+) of (\d+); .*$/,
    (output, count) => `错误来自 ${count} 个输出中的第 ${output} 个，其余部分正确。`,
  ],
  [
    /^The gradient has the wrong shape: (.+) gives \[(.*)\] for its input (.+), which has shape \[(.*)\]\.(.*)$/,
    (op, got, input, wanted, hint) =>
      `梯度的形状不对：${op} 对输入 ${input} 给出 [${got}]，而它的形状是 [${wanted}]。${hint.replace(/ The input was broadcast along axis (.+): sum the gradient over it\./, '这个输入沿轴 $1 被广播了：请对该轴求和。')}`,
  ],
  [
    /^The gradient function of tf\.customGrad gives another number of gradients.*$/,
    () => 'tf.customGrad 的梯度函数返回的梯度个数与输入个数不同：每个输入要有一个。',
  ],
  [
    /^The gradient function of tf\.customGrad gives something that is no tensor.*$/,
    () => 'tf.customGrad 的梯度函数返回的不是张量：应当返回一个张量，或者与输入一一对应的列表。',
  ],
  [
    /^The gradient(?: of (\S+))? throws: (.*)$/,
    (op, message) => `求${op ? ` ${op} 的` : ''}梯度时抛出错误：${message}`,
  ],
  [
    /^(.+) has no gradient in TensorFlow\.js\. Where none is needed.*$/,
    (op) =>
      `TensorFlow.js 没有 ${op} 的梯度。如果不需要它的梯度（例如它只是条件），把这一部分放进 tf.customGrad，梯度返回 0。`,
  ],
  [
    /^f (also )?uses (.+?), whose (gradient|second derivative) in (TensorFlow\.js \S+) is wrong(.*?)( on the backend \S+)? \((.*)\)(?:\.|: the mistake may be there.*)$/,
    (also, op, what, release, when, backend, see) =>
      `f ${also ? '还' : ''}用到了 ${op.replaceAll(' and ', ' 和 ')}，它在 ${release}${(backend ?? '').replace(/^ on the backend (\S+)$/, ' 的 $1 后端上')}${backend ? '' : ' 中'}的${what === 'gradient' ? '梯度' : '二阶导数'}是错的${when ? `（条件：${when.trim()}）` : ''}${also ? '：错误可能出在那里，也可能出在 f 自己的梯度函数中' : ''}${see.includes('gradparity/fixes') ? '。勾选“使用 gradparity 的修正”可以修正' : ''}。`,
  ],
  [
    /^f uses (.+), whose second derivative (TensorFlow\.js \S+) cannot compute \(.*\)\.$/,
    (op, release) => `f 用到了 ${op}，${release} 无法计算它的二阶导数。`,
  ],
  [
    /^(.+) returned its input itself, .*$/,
    (op) =>
      `${op} 直接返回了自己的输入：TensorFlow.js 会把 dy 加到它的梯度函数给出的结果上，返回 0 的梯度函数不起作用。请返回它的克隆（x.clone()）。`,
  ],
  [
    /^(.+) returned a tensor that is not its own .*$/,
    (op) => `${op} 返回了不属于自己的张量，TensorFlow.js 会对两者都计入 dy。请返回它的克隆（y.clone()）。`,
  ],
  [
    /^(.+) returned a tensor that was there before f was called.*$/,
    (op) => `${op} 返回了调用 f 之前就有的张量（例如缓存的）：换了输入，f 的结果也不变。请在每次调用时计算。`,
  ],
  [
    /^The gradient(?: function)? of (.+) disposes of dy.*$/,
    (op) =>
      `${op} 的梯度函数释放了不属于自己的 dy，而 TensorFlow.js 还要用它。请交给 tf.tidy；梯度就是 dy 时，返回 dy.clone()。`,
  ],
  [
    /^The gradient(?: function)? of (.+) returns dy itself for several inputs.*$/,
    (op) =>
      `${op} 的梯度函数把 dy 本身作为几个输入的梯度返回，TensorFlow.js 随后会释放它。请分别返回 dy.clone()。`,
  ],
  [
    /^The (function|gradient) is not deterministic: .*$/,
    (what) =>
      `${what === 'function' ? '函数' : '梯度'}的结果不是确定的：同样的输入，两次的结果不同。请固定随机数的种子，函数里也不要保存状态。`,
  ],
  [
    /^the gradient is (\S+) at (\[.*?\]), where the input is (\S+?)( and f has a kink)?(?:, and not finite at (\d+) more)?\.(.*)$/,
    (value, where, input, kink, more) =>
      `在 ${where} 处梯度是 ${value}，那里的输入是 ${input}${kink ? '，而 f 有折点，应当给出介于左右两侧斜率之间的值' : ''}${more ? `；另有 ${more} 处不是有限值` : ''}。`,
  ],
  [
    /^f is not finite here: (\d+) of its (\d+) outputs are .*$/,
    (count, all) => `f 在这里不是有限值：${all} 个输出中有 ${count} 个是 NaN 或无穷大，没有计入。`,
  ],
  [
    /^f's value is so large that its rounding hides what (.+) does to it: .*$/,
    (name) => `f 的值太大，它的舍入误差掩盖了 ${name} 引起的变化，导数无从判断。请去掉 f 中很大的常数部分。`,
  ],
  [
    /^f is 0 here, short steps of (.+) do not change it, .*$/,
    (name) => `f 在这里是 0，${name} 的短步长不改变它，导数无从判断。请换一个 f 会变化的点。`,
  ],
  [
    /^The differences for (.+) are too noisy to tell.*$/,
    (name) => `${name} 的差分噪声太大，无法判定：f 把导数该显出的变化舍入掉了。请调整 f 的大小。`,
  ],
  [
    /^The difference quotients for (.+) come to no limit: .*$/,
    (name) => `${name} 的差商没有极限：在试过的每种步长上 f 都有结构。请换一个点，或者让 f 更光滑。`,
  ],
  [
    /^Long steps and short ones say different things of (.+): .*$/,
    (name) => `对 ${name}，长步长和短步长互相矛盾：f 的结构细到无法与舍入误差区分。请换一个点。`,
  ],
  [
    /^The gradient for (.+) differs from the differences by no more than its own rounding error\..*$/,
    (name) => `${name} 的梯度与差分之差不超过它自己的舍入误差。请换一个点，或者改用相消较少的公式。`,
  ],
  [
    /^the gradient is 0 everywhere, because f is flat there: .*$/,
    () => '梯度处处是 0，因为 f 在这里是平的：训练不会改变它。',
  ],
  [
    /^f is not finite around the point, or throws there: .*$/,
    () => 'f 在这一点附近不是有限值，或者抛出错误。请换一个 f 有定义的点。',
  ],
];

/** The sentence in Chinese; undefined where it is not known here. */
export function inChinese(sentence: string): string | undefined {
  const second = /^Second order: (.*)$/s.exec(sentence);
  if (second) {
    const rest = inChinese(second[1]);
    return rest && `二阶：${rest}`;
  }
  for (const [pattern, say] of rules) {
    const found = pattern.exec(sentence);
    if (found) return say(...found.slice(1));
  }
  const named = /^([^:]{1,60}): (.*)$/s.exec(sentence);
  if (!named) return undefined;
  const rest = inChinese(named[2]);
  return (
    rest && `${named[1].replace(/^input (\d+)$/, '输入 $1').replace(/^cotangent (.*)$/, '余切 $1')}：${rest}`
  );
}
