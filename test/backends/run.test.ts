/** How a program's end is told, and that nothing it started outlives it. The programs are a line of Node each. */
import { expect, test } from '@jest/globals';
import { lineOfError } from '../../src/backends/probe.js';
import { run } from '../../src/backends/run.js';

const node = (program: string, options = {}) => run(process.execPath, ['-e', program], options);

test('output and exit code', async () => {
  expect(await node('console.log("out"); console.error("err")')).toMatchObject({ stdout: 'out\n' });
  expect((await node('process.exit(4)')).problem).toBe('ended with exit code 4');
  expect((await run('no-such-program', [])).problem).toBe('not found');
});

test('a time limit, a watcher and an abort each end it', async () => {
  const forever = 'setInterval(() => {}, 1000)';
  expect((await node(forever, { timeLimit: 0.1 })).problem).toBe('took more than 0.1 s');
  expect((await node(forever, { watch: () => 'enough seen' })).problem).toBe('enough seen');
  const controller = new AbortController();
  const watch = () => controller.abort(new Error('stopped by the user'));
  await expect(node(forever, { signal: controller.signal, watch })).rejects.toThrow('stopped by the user');
});

// The pipes close, and the promise settles, only when every process that holds them has ended.
(process.platform === 'win32' ? test.skip : test)('what it started ends with it', async () => {
  const forever = 'setInterval(() => {}, 1000)';
  const parent = `require('node:child_process').spawn(process.execPath, ['-e', '${forever}'], { stdio: 'inherit' })`;
  expect((await node(parent, { watch: () => 'enough seen' })).problem).toBe('enough seen');
});

test('the line that tells the error is the first with "error:", else the last', () => {
  const crash =
    "node:events:497\n      throw er;\n      ^\n\nError: getaddrinfo ENOTFOUND nowhere\n    at x\nEmitted 'error' event";
  expect(lineOfError(crash)).toBe('Error: getaddrinfo ENOTFOUND nowhere');
  expect(lineOfError('a.cc:1: fatal error: c_api.h: No such file\nmake: *** failed')).toMatch('c_api.h');
  expect(lineOfError('one\ntwo\n')).toBe('two');
  expect(lineOfError('')).toBe('it said nothing');
});
