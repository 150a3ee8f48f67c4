/**
 * `npm run gallery`: draws all that `gradparity plot` draws into docs/images/gallery and writes docs/gallery.md and its Chinese page. Two
 * short trainings on MNIST come first, by numerical gradients and by tf.grad. The same code gives the same files. `-- --pages` only writes the
 * pages.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatted } from './formatted.mjs';
import { optionsOf } from './options.mjs';
import { setup } from './setup.mjs';

const { values: options } = optionsOf('gallery', { pages: { type: 'boolean' } });
const root = fileURLToPath(new URL('..', import.meta.url));
const main = path.join(root, 'dist', 'cli', 'main.js');
const images = path.join(root, 'docs', 'images', 'gallery');

/** Each picture: its kind, its alternative text, and what is to be seen in it. */
const pictures = [
  {
    kind: 'runs',
    paths: ['numerical', 'autodiff'],
    alt: 'Loss and test accuracy of two runs over 600 steps; the curves lie on each other',
    words:
      'Two runs on MNIST from the same weights through the same batches, one by numerical gradients, one by `tf.grad`. The curves coincide.',
    chinese: {
      alt: '两次训练的损失和测试集识别精度，共 600 步，曲线重合',
      words:
        '在 MNIST 上的两次训练，初始权重和每一批数据都相同，一次用数值微分求梯度，一次用 `tf.grad`。曲线重合。',
    },
  },
  {
    kind: 'gradients',
    alt: 'Entries of four parameters on one diagonal line',
    words:
      'Each entry of the gradient by central differences over the same entry by `tf.grad`, for 100 test images.',
    chinese: {
      alt: '四组参数的梯度元素，都在同一条对角线上',
      words: '对 100 张测试图像，用中心差分求得的梯度的每个元素，与 `tf.grad` 求得的对应元素。',
    },
  },
  {
    kind: 'activations',
    alt: 'Step, sigmoid, tanh, ReLU and softplus, and beside them their derivatives',
    words: 'The activations and their derivatives.',
    chinese: {
      alt: '阶跃函数、sigmoid、tanh、ReLU、softplus，旁边是它们的导数',
      words: '激活函数及其导数。',
    },
  },
  {
    kind: 'boundaries',
    alt: 'Four planes: AND parted by a line, XOR not parted by a line but by a network, two moons parted by a curve',
    words: 'One line is enough for AND and not for XOR; a network of two layers draws curves.',
    chinese: {
      alt: '四个平面：与门被一条直线分开；异或不能用一条直线分开，而能用网络分开；两个月牙被一条曲线分开',
      words: '与门用一条直线就够，异或不行；两层的网络能画出曲线。',
    },
  },
  {
    kind: 'descent',
    alt: 'Paths over contour lines: zigzag into a bowl, past a saddle, and standing still on a plateau',
    words:
      'Gradient descent swings across a narrow bowl, leaves a saddle slowly, and does not move on a plateau.',
    chinese: {
      alt: '等高线上的路径：曲折地进入谷底，绕过鞍点，停在学习高原上',
      words: '梯度下降法在狭窄的谷中来回摆动，缓慢地离开鞍点，在学习高原上停住不动。',
    },
  },
  {
    kind: 'steps',
    alt: 'Four V-shaped curves of an error over the step, on logarithmic axes',
    words:
      'A large step truncates, a small one loses digits. In float32 the best central difference has an error of 1e-5, in float64 of 1e-11.',
    chinese: {
      alt: '误差随步长变化的四条 V 形曲线，坐标轴为对数',
      words:
        '步长太大，截断误差大；步长太小，损失有效数字。最好的中心差分在 float32 下误差是 1e-5，在 float64 下是 1e-11。',
    },
  },
  {
    kind: 'hidden',
    options: ['--count', '20'],
    alt: 'Twenty small pictures of weights, blue above and orange below zero',
    words:
      'What the first twenty hidden units of the model look for: blue weights are above 0, orange ones below.',
    chinese: {
      alt: '二十幅权重小图，大于零的为蓝色，小于零的为橙色',
      words: '模型前二十个隐藏单元在找什么：蓝色的权重大于 0，橙色的小于 0。',
    },
  },
  {
    kind: 'confusion',
    alt: 'A matrix of ten digits with a dark diagonal',
    words: 'What the model takes each digit for. Fours and nines are mixed up most often.',
    chinese: {
      alt: '十个数字的矩阵，对角线颜色很深',
      words: '模型把每个数字认成什么。4 和 9 最容易混淆。',
    },
  },
  {
    kind: 'misread',
    options: ['--count', '30'],
    alt: 'Thirty handwritten digits with the class and what the model took it for',
    words: 'Digits of the test set that the model misreads.',
    chinese: {
      alt: '三十个手写数字，注明正确的类别和模型认成的类别',
      words: '测试集中模型认错的数字。',
    },
  },
];

function gradparity(args, cwd) {
  const { status, stderr } = spawnSync(process.execPath, [main, ...args], { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`gradparity ${args.join(' ')} ended with ${status}: ${stderr}`);
}

function draw() {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'gallery-'));
  try {
    for (const [name, gradient] of [
      ['numerical', 'structured'],
      ['autodiff', 'autodiff'],
    ]) {
      console.error(`training by ${gradient} …`);
      gradparity(
        [
          'train',
          '--gradient',
          gradient,
          '--steps',
          '600',
          '--weight-init-std',
          '0.05',
          '--backend',
          'wasm',
          '--output',
          name,
        ],
        folder,
      );
    }
    for (const { kind, paths = [], options = [] } of pictures) {
      console.error(`${kind} …`);
      gradparity(['plot', kind, ...paths, ...options, '--output', path.join(images, `${kind}.svg`)], folder);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A page: a heading, what it is, and for each picture its kind, its sentence, itself and the command that draws it. */
function page(heading, intro, images, textsOf) {
  const sections = pictures.map((picture) => {
    const { kind, paths = [], options = [] } = picture;
    const { alt, words } = textsOf(picture);
    const command = `npx gradparity plot ${[kind, ...paths, ...options].join(' ')} --output ${kind}.svg`;
    return `## ${kind}\n\n${words}\n\n![${alt}](${images}/gallery/${kind}.svg)\n\n\`\`\`sh\n${command}\n\`\`\`\n`;
  });
  return `# ${heading}\n\n${intro}\n\n${sections.join('\n')}`;
}

const pages = {
  'docs/gallery.md': page(
    'Gallery',
    'What `gradparity plot` draws. With `--output` it writes SVG or PNG, without it draws in the terminal; `--json` gives the numbers. `npm run gallery`\ndraws this page anew.',
    'images',
    (picture) => picture,
  ),
  'docs/zh-CN/gallery.md': page(
    '图集',
    '`gradparity plot` 画的图。加 `--output` 写成 SVG 或 PNG，不加则画在终端里；`--json` 给出数值。图中的文字是英文。`npm run gallery` 重新画出本页。',
    '../images',
    ({ chinese }) => chinese,
  ),
};

await setup();
const { writeFileWhole } = await import('../dist/files/write.js');
if (!options.pages) draw();
for (const [name, text] of Object.entries(pages)) {
  const file = path.join(root, name);
  await writeFileWhole(file, await formatted(file, text));
}
