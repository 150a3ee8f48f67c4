/** `gradparity doctor` on this machine: its document, its text, its exit code. */
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import yargs from 'yargs';
import { isInRange, type MachineReport } from '../../src/backends/inspect.js';
import { manifest } from '../../src/manifest.js';
import doctor from '../../src/cli/commands/doctor.js';

const setting = process.env.GRADPARITY_NATIVE;
let stdout: string;
let stderr: string;
beforeEach(() => {
  stdout = stderr = '';
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => Boolean((stdout += String(text))));
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => Boolean((stderr += String(text))));
});
afterEach(() => {
  jest.restoreAllMocks();
  if (setting === undefined) delete process.env.GRADPARITY_NATIVE;
  else process.env.GRADPARITY_NATIVE = setting;
  process.exitCode = 0;
});

async function run(...words: string[]): Promise<void> {
  process.exitCode = 0;
  await yargs(['doctor', ...words])
    .command(doctor)
    .strict()
    .parseAsync();
}

test('--json is one document, and the exit code says whether something is lacking', async () => {
  await run('--json');
  const report = JSON.parse(stdout) as MachineReport;
  expect(report.schemaVersion).toBe(1);
  expect(report.checks.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'Node',
      'tensorflow backend',
      'wasm backend',
      'cpu backend',
      'pip',
      'MNIST',
      'cache',
    ]),
  );
  expect(report.complete).toBe(report.checks.every(({ state }) => state !== 'lacking'));
  expect(process.exitCode).toBe(report.complete ? 0 : 3);
  expect(stderr).toBe('');
});

test('without the native backend it names the lack and the way out, and what runs instead', async () => {
  process.env.GRADPARITY_NATIVE = 'off';
  await run();
  expect(stdout).toMatch(
    /lacks +tensorflow backend +switched off by GRADPARITY_NATIVE=off\n +-> unset GRADPARITY_NATIVE/,
  );
  expect(stdout).toMatch(/gradparity runs on wasm\.\n$/);
  expect(stdout).not.toMatch('\u001b[');
  expect(process.exitCode).toBe(3);
});

test('--fix that cannot be done explains itself on stderr before the report', async () => {
  process.env.GRADPARITY_NATIVE = 'off';
  await run('--fix', '--json');
  expect(stderr).toMatch(/GRADPARITY_NATIVE=off .* unset it/);
  expect((JSON.parse(stdout) as MachineReport).backend).toBe('wasm');
});

describe('the Node versions', () => {
  const isSupported = (version: string): boolean => isInRange(version, manifest().engines.node);

  test('are told apart as the range of package.json tells them', () => {
    expect(['20.19.0', '20.20.2', '22.12.0', '24.0.0', '26.1.0'].filter(isSupported)).toHaveLength(5);
    expect(['18.20.0', '20.18.9', '21.7.0', '22.11.0', '23.5.0'].filter(isSupported)).toEqual([]);
  });

  test('a range with a minor after >= begins there', () => {
    expect(['24.9.0', '25.0.0', '26.2.0'].filter((version) => isInRange(version, '>=24.9.0'))).toHaveLength(
      3,
    );
    expect(['24.8.0', '23.9.0'].filter((version) => isInRange(version, '>=24.9.0'))).toEqual([]);
  });

  test.each(['20', '~20.1.0', '^20.19.1', '>=20 <22', ''])('a range that is not understood: %j', (range) => {
    expect(() => isInRange('20.19.0', range)).toThrow(/cannot read/);
  });
});
