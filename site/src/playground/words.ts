/** What the playground says, in both languages. */
import { plotWords } from '../../../dist/pages/gradcheck.js';
import type { Verdict } from '../../../dist/index.js';
import type { PlotAxes } from '../../../dist/pages/gradcheck.js';
import type { Failure } from './messages.ts';

export interface Words {
  verdicts: Record<Verdict, readonly [name: string, meaning: string]>;
  loading: string;
  ready: string;
  running: (seconds: number) => string;
  stopped: string;
  copied: string;
  linked: string;
  damagedLink: string;
  workerFailed: string;
  failed: string;
  failures: Record<Failure, (message: string) => string>;
  line: (line: number, sentence: string) => string;
  facts: (evaluations: number, seconds: number, order: number) => string;
  printed: string;
  original: string;
  table: { caption: string; head: readonly string[] };
  kinks: { caption: string; head: readonly string[] };
  second: string;
  compared: (checked: number, entries: number) => string;
  between: readonly [yes: string, no: string];
  plots: { map: (name: string) => string; scatter: string; steps: string } & PlotAxes;
  more: string;
}

export const words: Record<'en' | 'zh', Words> = {
  en: {
    verdicts: {
      right: ['Right', 'Numerical and automatic gradient agree, at long and at short steps.'],
      wrong: ['Wrong', 'The two gradients differ by more than rounding explains.'],
      kink: ['Kink', 'The function has no derivative at some of these points.'],
      inconclusive: ['Inconclusive', 'Rounding or the function’s domain hides the answer.'],
      nondeterministic: ['Nondeterministic', 'The same inputs give different results each time.'],
      unsupported: ['Unsupported', 'The gradient cannot be computed.'],
    },
    loading: 'Loading TensorFlow.js …',
    ready: 'Ready.',
    running: (seconds) => `Checking … ${seconds} s. Stop ends it.`,
    stopped: 'Stopped.',
    copied: 'The link is copied. It carries the code itself; nothing is stored anywhere.',
    linked: 'The address of this page now carries the code: copy it.',
    damagedLink: 'The code in this link is damaged, so an example is shown. Ask for the link again.',
    workerFailed: 'The page could not load what computes. Reload it.',
    failed: 'Not checked',
    failures: {
      syntax: (message) => `The code cannot be read: ${message}.`,
      throws: (message) => `The code throws: ${message}`,
      missing: (name) =>
        name === 'f'
          ? 'The code does not define f, the function to check. Write, for example: const f = (x) => tf.square(x);'
          : 'The code does not define inputs, the list of f’s inputs. Write, for example: const inputs = [[1, 2, 3]];',
      module: (name) => `There is no module ${name} here. @tensorflow/tfjs and gradparity can be imported.`,
      check: (message) => message,
    },
    line: (line, sentence) => `Line ${line}: ${sentence}`,
    facts: (evaluations, seconds, order) =>
      `${evaluations} evaluations of f in ${seconds.toFixed(2)} s, in double precision${order === 2 ? '; the gradient’s gradient too' : ''}.`,
    printed: 'Printed',
    original: 'In English',
    table: {
      caption: 'The gradient of each input',
      head: [
        'input',
        'shape',
        'verdict',
        'compared',
        'largest relative error',
        'worst at',
        'differences',
        'autodiff',
      ],
    },
    kinks: {
      caption: 'Kinks',
      head: ['input', 'at', 'slope on the left', 'slope on the right', 'autodiff', 'between them'],
    },
    second: 'second order',
    compared: (checked, entries) => `${checked} of ${entries}`,
    between: ['yes', 'no'],
    plots: {
      ...plotWords,
      map: (name) => `Relative error of ${name}, entry by entry`,
      scatter: 'Autodiff against differences: on the line they agree',
      steps: 'At the worst entry: distance of the central difference from autodiff, by step',
    },
    more: 'Pictures',
  },
  zh: {
    verdicts: {
      right: ['正确', '长步长和短步长的数值微分都与自动微分一致。'],
      wrong: ['错误', '两种梯度的差超出了舍入误差能解释的范围。'],
      kink: ['折点', '函数在其中一些点上不可导。'],
      inconclusive: ['无法判定', '被舍入误差或函数的定义域掩盖。'],
      nondeterministic: ['结果不确定', '同样的输入，每次结果不同。'],
      unsupported: ['无法计算', '这个梯度算不出来。'],
    },
    loading: '正在加载 TensorFlow.js……',
    ready: '准备就绪。',
    running: (seconds) => `正在检验……${seconds} 秒。按“停止”结束。`,
    stopped: '已停止。',
    copied: '链接已复制。代码就在链接里，不存放在任何服务器上。',
    linked: '本页的地址已带上代码，请复制地址。',
    damagedLink: '链接中的代码已损坏，这里显示一个示例。请重新索取链接。',
    workerFailed: '计算程序没有加载成功，请刷新页面。',
    failed: '没有检验',
    failures: {
      syntax: (message) => `代码有语法错误：${message}。`,
      throws: (message) => `代码抛出错误：${message}`,
      missing: (name) =>
        name === 'f'
          ? '代码没有定义 f，也就是要检验的函数。例如：const f = (x) => tf.square(x);'
          : '代码没有定义 inputs，也就是 f 的输入列表。例如：const inputs = [[1, 2, 3]];',
      module: (name) => `这里没有模块 ${name}。可以导入 @tensorflow/tfjs 和 gradparity。`,
      check: (message) => message.replace(/^gradcheck: f threw: /, 'f 抛出错误：'),
    },
    line: (line, sentence) => `第 ${line} 行：${sentence}`,
    facts: (evaluations, seconds, order) =>
      `用时 ${seconds.toFixed(2)} 秒，计算 f 共 ${evaluations} 次，双精度${order === 2 ? '，包括梯度的梯度' : ''}。`,
    printed: '打印的内容',
    original: '英文原文',
    table: {
      caption: '各输入的梯度',
      head: ['输入', '形状', '结论', '已比较', '最大相对误差', '误差最大处', '数值微分', '自动微分'],
    },
    kinks: { caption: '折点', head: ['输入', '位置', '左侧斜率', '右侧斜率', '自动微分', '介于两者之间'] },
    second: '二阶',
    compared: (checked, entries) => `${checked} / ${entries}`,
    between: ['是', '否'],
    plots: {
      map: (name) => `${name} 各元素的相对误差`,
      differences: '数值微分',
      autodiff: '自动微分',
      step: '步长 h',
      distance: '差',
      lastAxis: '最后一个轴',
      entry: '元素',
      scatter: '自动微分与数值微分：在直线上表示一致',
      steps: '误差最大的元素：不同步长下，中心差分与自动微分之差',
    },
    more: '图',
  },
};
