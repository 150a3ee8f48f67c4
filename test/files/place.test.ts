/** Paths as users write them, file: addresses among them. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from '@jest/globals';
import { localPath } from '../../src/files/place.js';

test.each([
  ['out/m', 'out/m'],
  ['file://out/m', 'out/m'],
  ['file:///tmp/a%20b', '/tmp/a b'],
  ['FILE://out', 'out'],
  ['C:\\models', 'C:\\models'],
  ['a:b', 'a:b'],
])('%s is %s', (given, wanted) => {
  expect(localPath('f', given)).toBe(wanted);
});

test('a URL object, as pathToFileURL makes it', () => {
  const file = path.resolve('models/with space#');
  expect(localPath('f', pathToFileURL(file))).toBe(file);
});

test.each(['http://host/m', 's3://bucket/m', 'localstorage://m', 'file://', '', 'a\0b'])(
  '%j is refused',
  (given) => {
    expect(() => localPath('saveModel', given)).toThrow(/^saveModel: wanted /);
  },
);
