/** The example learns XOR. Oracle: XOR's truth table. */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from '@jest/globals';

const program = path.resolve(import.meta.dirname, '../../examples/learn-xor.mjs');

test('a network of two layers learns XOR by numerical gradients', () => {
  const printed = execFileSync(process.execPath, [program], { encoding: 'utf8' });
  const answers = Array.from(printed.matchAll(/^(\d) xor (\d) = (\d) /gm), ([, ...digits]) =>
    digits.map(Number),
  );
  expect(answers).toHaveLength(4);
  for (const [x1, x2, answer] of answers) expect(answer).toBe(x1 ^ x2);
});
