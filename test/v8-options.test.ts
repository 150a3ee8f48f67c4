/** Oracle: Node, which refuses an option that its V8 does not know. */
import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { optionsForShortWork } from '../src/v8-options.js';

const statusWith = (...options: string[]): number | null =>
  spawnSync(process.execPath, [...options, '--eval', ''], { stdio: 'ignore' }).status;

test('this Node takes the options for short work, and no others', () => {
  expect(statusWith(...optionsForShortWork())).toBe(0);
  expect(statusWith(...optionsForShortWork(), '--interrupt-budgets=1')).toBe(9);
});
