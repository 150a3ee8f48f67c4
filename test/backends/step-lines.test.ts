/** What provisioning's steps look like on a terminal and in a log. */
import { expect, test } from '@jest/globals';
import { stepLines } from '../../src/backends/step-lines.js';

function show(isTTY: boolean): string {
  let shown = '';
  const { log, end } = stepLines({ isTTY, write: (text) => (shown += text) });
  log({ text: 'Downloading' });
  log({ text: 'Downloading', progress: '50 %' });
  log({ text: 'Unpacking' });
  end();
  return shown;
}

test('a log has one line a step', () => {
  expect(show(false)).toBe('Downloading\nUnpacking\n');
});

test("a terminal's line is rewritten with the progress", () => {
  expect(show(true)).toBe('Downloading\rDownloading … 50 %\u001b[K\nUnpacking\n');
});
