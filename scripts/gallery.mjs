/**
 * `npm run gallery`: draws all that `gradparity plot` draws into docs/images/gallery and writes docs/gallery.md. Two short trainings on MNIST
 * come first, by numerical gradients and by tf.grad. The same code gives the same files.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as prettier from 'prettier';
import { setup } from './setup.mjs';

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
  },
  {
    kind: 'gradients',
    alt: 'Entries of four parameters on one diagonal line',
    words:
      'Each entry of the gradient by central differences over the same entry by `tf.grad`, for 100 test images.',
  },
  {
    kind: 'activations',
    alt: 'Step, sigmoid, tanh, ReLU and softplus, and beside them their derivatives',
    words: 'The activations and their derivatives.',
  },
  {
    kind: 'boundaries',
    alt: 'Four planes: AND parted by a line, XOR not parted by a line but by a network, two moons parted by a curve',
    words: 'One line is enough for AND and not for XOR; a network of two layers draws curves.',
  },
  {
    kind: 'descent',
    alt: 'Paths over contour lines: zigzag into a bowl, past a saddle, and standing still on a plateau',
    words:
      'Gradient descent swings across a narrow bowl, leaves a saddle slowly, and does not move on a plateau.',
  },
  {
    kind: 'steps',
    alt: 'Four V-shaped curves of an error over the step, on logarithmic axes',
    words:
      'A large step truncates, a small one loses digits. In float32 the best central difference has an error of 1e-5, in float64 of 1e-11.',
  },
  {
    kind: 'hidden',
    options: ['--count', '20'],
    alt: 'Twenty small pictures of weights, blue above and orange below zero',
    words:
      'What the first twenty hidden units of the model look for: blue weights are above 0, orange ones below.',
  },
  {
    kind: 'confusion',
    alt: 'A matrix of ten digits with a dark diagonal',
    words: 'What the model takes each digit for. Fours and nines are mixed up most often.',
  },
  {
    kind: 'misread',
    options: ['--count', '30'],
    alt: 'Thirty handwritten digits with the class and what the model took it for',
    words: 'Digits of the test set that the model misreads.',
  },
];

function gradparity(args, cwd) {
  const { status, stderr } = spawnSync(process.execPath, [main, ...args], { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`gradparity ${args.join(' ')} ended with ${status}: ${stderr}`);
}

await setup();
const { writeFileWhole } = await import('../dist/files/write.js');
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

const page = `# Gallery

What \`gradparity plot\` draws. With \`--output\` it writes SVG or PNG, without it draws in the terminal; \`--json\` gives the numbers. \`npm run gallery\`
draws this page anew.

${pictures
  .map(
    ({ kind, paths = [], options = [], alt, words }) =>
      `## ${kind}\n\n${words}\n\n![${alt}](images/gallery/${kind}.svg)\n\n\`\`\`sh\nnpx gradparity plot ${[kind, ...paths, ...options].join(' ')} --output ${kind}.svg\n\`\`\`\n`,
  )
  .join('\n')}`;
const file = path.join(root, 'docs', 'gallery.md');
const settings = await prettier.resolveConfig(file);
await writeFileWhole(file, await prettier.format(page, { ...settings, parser: 'markdown' }));
