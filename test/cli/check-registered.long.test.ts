/** `gradparity check` on kernels, on packages that register them, and on cases that leave something behind. Run as a user runs it. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { gradparity } from './run-cli.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
let cwd: string;

beforeAll(() => {
  cwd = mkdtempSync(path.join(os.tmpdir(), 'gradparity-registered-'));
  mkdirSync(path.join(cwd, 'node_modules', 'ops-of-somebody'), { recursive: true });
  symlinkSync(
    path.join(root, 'node_modules', '@tensorflow'),
    path.join(cwd, 'node_modules', '@tensorflow'),
    'dir',
  );
  write(
    'node_modules/ops-of-somebody/package.json',
    '{ "name": "ops-of-somebody", "type": "module", "exports": { "import": "./main.js" } }',
  );
  write('node_modules/ops-of-somebody/main.js', ops);
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

function write(name: string, content: string): string {
  writeFileSync(path.join(cwd, name), content);
  return name;
}
const check = (...args: string[]) => gradparity(['check', ...args], { cwd });

/** A right kernel, one whose gradient is off, one without inputs to be made, a gradient without a kernel. Their gradients have none of their own. */
const ops = `import * as tf from '@tensorflow/tfjs';
const kernel = (kernelName, f) => tf.registerKernel({ kernelName, backendName: 'cpu', kernelFunc: ({ inputs, attrs }) => tf.tidy(() => f(inputs, attrs ?? {})) });
const gradient = (kernelName, factor) => tf.registerGradient({ kernelName, inputsToSave: ['x'], gradFunc: (dy, [x]) => ({ x: () => tf.engine().runKernel(kernelName + 'Grad', { dy, x }) }) });
for (const [name, factor] of [['Sway', 1], ['Lurch', 2]]) {
  kernel(name, ({ x }) => tf.sin(x));
  kernel(name + 'Grad', ({ dy, x }) => tf.mul(dy, tf.mul(factor, tf.cos(x))));
  gradient(name);
}
kernel('Choosy', ({ q }, { mode }) => { if (mode !== 'blue') throw new Error('blue only'); return tf.sin(q); });
gradient('Choosy');
gradient('Nowhere');
`;

test('a package is imported, what it registers is listed, and checked as far as inputs can be made', async () => {
  const { code, stdout } = await check('--registered', 'ops-of-somebody');
  expect(code).toBe(1);
  expect(stdout).toMatch(/registered 5 kernels \(for cpu\) and 4 gradients: Sway, Lurch, Choosy, Nowhere\./);
  expect(stdout).toMatch(/without a gradient of their own: SwayGrad, LurchGrad\./);
  expect(stdout).toMatch(
    /Not checked: Choosy, .* it reads the inputs q and the attributes mode\. Write a case: \{ kernel: 'Choosy'/,
  );
  expect(stdout).toMatch(/Not checked: Nowhere, as it has no kernel\./);
  expect(stdout).toMatch(/right │ Sway: x \[2,4\]/);
  expect(stdout).toMatch(/WRONG │ Lurch: x \[2,4\]/);
  expect(stdout).toMatch(/Kernels that ran: Lurch, .*; gradient functions: Lurch\./);
  const { stdout: json } = await check('--registered', 'ops-of-somebody', '--json');
  expect(JSON.parse(json)).toMatchObject({
    registered: { gradients: ['Sway', 'Lurch', 'Choosy', 'Nowhere'], kernels: { Sway: ['cpu'] }, copied: 0 },
  });
});

test('a second order that is unsupported throughout is told once', async () => {
  const name = write(
    'second.mjs',
    `import 'ops-of-somebody';
export default ['a', 'b', 'c'].map((name, i) => ({ name, kernel: 'Sway', inputs: { x: [0.3, i + 0.5] } }));`,
  );
  const { stdout } = await check(name, '--order', '2');
  expect(stdout).toMatch(
    /The second order is supported throughout by none of the 3 cases; the first order of 3 is right\.\n.*SwayGrad has no gradient.*\(a, b, c\)/,
  );
  expect(stdout.match(/SwayGrad has no gradient/g)).toHaveLength(1);
});

test('a package that is not there, one that wants a browser, and files beside --registered', async () => {
  const none = await check('--registered', 'no-such-package-of-anybody');
  expect([none.code, none.stderr]).toEqual([
    2,
    expect.stringMatching(/there is no package no-such-package-of-anybody/),
  ]);
  const name = write(
    'browser.mjs',
    "window.x = 1;\nexport default [{ name: 'x', f: (x) => x.sin(), inputs: [[1]] }];",
  );
  const refused = await check(name);
  expect([refused.code, refused.stderr]).toEqual([
    2,
    expect.stringMatching(/window is not defined.*try --shim/),
  ]);
  expect((await check(name, '--shim')).code).toBe(0);
  expect((await check(name, '--registered', 'ops-of-somebody')).code).toBe(2);
});

test('what a case changes is put back, and said', async () => {
  const name = write(
    'disturbing.mjs',
    `import * as tf from '@tensorflow/tfjs';
const inputs = [[1, 2]];
const seen = () => [Math.random.name, tf.getGradient('Extra') !== undefined, tf.getKernel('Extra', 'cpu') !== undefined, tf.env().getBool('DEBUG'), tf.getGradient('Sin').mine === true].join();
const before = seen();
const disturb = (x) => {
  Math.random = function fixed() { return 0.5; };
  if (!tf.getGradient('Extra')) {
    tf.registerGradient({ kernelName: 'Extra', gradFunc: (dy) => ({ x: () => dy }) });
    tf.registerKernel({ kernelName: 'Extra', backendName: 'cpu', kernelFunc: ({ inputs: { x } }) => x });
    const { gradFunc } = tf.getGradient('Sin');
    tf.unregisterGradient('Sin');
    tf.registerGradient({ kernelName: 'Sin', inputsToSave: ['x'], gradFunc, mine: true });
  }
  tf.env().set('KEEP_INTERMEDIATE_TENSORS', true);
  return tf.sin(x);
};
const look = (x) => { if (seen() !== before) throw new Error(seen()); return tf.sin(x); };
export default [{ name: 'disturbs', f: disturb, inputs }, { name: 'looks', f: look, inputs }];`,
  );
  const { code, stdout } = await check(name, '--json');
  const { results } = JSON.parse(stdout) as {
    results: { name: string; changed?: string[]; report?: { verdict: string } }[];
  };
  expect(results.map((one) => one.report?.verdict)).toEqual(['right', 'right']);
  expect(code).toBe(0);
  expect(results[0].changed).toEqual([
    'registered the kernel Extra for cpu',
    'replaced the gradient of Sin',
    'registered the gradient of Extra',
    'set the flag KEEP_INTERMEDIATE_TENSORS to true',
    'replaced Math.random',
  ]);
  expect(results[1].changed).toBeUndefined();
});
