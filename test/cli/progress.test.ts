/** A training's bar on a terminal. Oracle: the losses that it was told, of which the curve beside it is to fall. */
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { trainingProgress } from '../../src/cli/progress.js';

const before = { isTTY: process.stderr.isTTY, columns: process.stderr.columns };
let written = '';
beforeEach(() => {
  written = '';
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
    written += String(text);
    return true;
  });
});
afterEach(() => {
  jest.restoreAllMocks();
  Object.assign(process.stderr, before);
});

test.each([80, 120])('the loss has its curve beside the bar, on %i columns, in one line', async (columns) => {
  Object.assign(process.stderr, { isTTY: true, columns });
  const { update, record, stop } = trainingProgress(100, 0);
  record({ epoch: 0, step: 0, testAccuracy: 0.1 });
  for (let step = 1; step <= 100; step++) update(step, 2.3 * 0.95 ** step);
  stop();
  const line =
    written
      .split(/\r|\n|\u001b\[\d*[A-Z]/)
      .filter((part) => part.includes('100/100'))
      .at(-1) ?? '';
  expect(line).toMatch(/loss 0\.0136 █[▁-█]*▁ {2}accuracy 10\.0 %/);
  const curve = /loss [\d.]+ (\S+)/.exec(line)?.[1] ?? '';
  expect([...curve]).toEqual([...curve].sort().reverse());
  expect([...line].length).toBeLessThanOrEqual(columns);
});

test('off a terminal there are no bars, but lines', () => {
  Object.assign(process.stderr, { isTTY: false });
  const { update, record, stop } = trainingProgress(100, 0);
  update(1, 2.3);
  record({ epoch: 1, step: 50, testAccuracy: 0.5 });
  stop();
  expect(written).toBe('step 50/100  loss 2.3000  test accuracy 50.0 %  1 s left\n');
});
