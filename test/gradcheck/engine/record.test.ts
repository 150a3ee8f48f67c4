/**
 * What the engine returns for functions of plain numbers, to the last bit, with what it costs: the same seed gives the same numbers. The verdicts
 * beside them were written by hand. Oracle: for the numbers themselves an earlier version, so that a change that is meant to change them
 * writes them anew: `npx tsx test/fixtures/engine.ts`. What differs then is for the change's author to look at.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { records } from './record/records.js';

const fixture = JSON.parse(
  readFileSync(new URL('../../fixtures/engine.json', import.meta.url), 'utf8'),
) as Record<string, unknown>;

describe('as before', () => {
  test.each(records.map((record) => [record.title, record] as const))('%s', (title, { expected, make }) => {
    const { verdicts, lines } = make();
    expect(verdicts).toEqual(expected);
    expect(lines).toEqual(fixture[title]);
  });

  test('nothing else', () => {
    expect(Object.keys(fixture)).toEqual(records.map(({ title }) => title));
  });
});
