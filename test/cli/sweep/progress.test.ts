/** Oracle: what the command promises of its progress off a terminal. */
import { expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { progressLine, sweepProgress } from '../../../src/cli/sweep/progress.js';

test('a line says what is done, of how much, and how long it took', () => {
  expect(progressLine({ phase: 'judging', done: 812, total: 2517, findings: 134 }, 89.7)).toBe(
    'sweep: 812 of 2517 cases judged, 134 findings so far, 90 s',
  );
  expect(progressLine({ phase: 'explaining', done: 3, total: 414, findings: 414 }, 200)).toBe(
    'sweep: 3 of 414 findings explained, 200 s',
  );
});

test('off a terminal there is a line each time, of the latest, until it stops', async () => {
  const lines: string[] = [];
  const view = sweepProgress((line) => lines.push(line), 0.03);
  await sleep(50);
  // Nothing is known yet.
  expect(lines).toEqual([]);
  view.update({ phase: 'judging', done: 1, total: 9, findings: 0 });
  view.update({ phase: 'judging', done: 2, total: 9, findings: 0 });
  await sleep(100);
  view.stop();
  expect(lines.length).toBeGreaterThan(0);
  expect(lines[0]).toMatch(/^sweep: 2 of 9 cases judged, 0 findings so far, \d+ s$/);
  const count = lines.length;
  await sleep(60);
  expect(lines).toHaveLength(count);
});
