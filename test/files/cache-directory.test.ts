/** Where the cache is: the environment's word before the platform's. */
import path from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { cacheDirectory } from '../../src/files/cache-directory.js';

const setting = process.env.GRADPARITY_CACHE_DIR;
afterEach(() => {
  if (setting === undefined) delete process.env.GRADPARITY_CACHE_DIR;
  else process.env.GRADPARITY_CACHE_DIR = setting;
});

test('GRADPARITY_CACHE_DIR is the folder, made absolute', () => {
  process.env.GRADPARITY_CACHE_DIR = 'some/cache';
  expect(cacheDirectory()).toBe(path.resolve('some/cache'));
  expect(cacheDirectory('mnist', 'a')).toBe(path.resolve('some/cache/mnist/a'));
});

test("else it is an absolute folder of gradparity's own", () => {
  delete process.env.GRADPARITY_CACHE_DIR;
  expect(path.isAbsolute(cacheDirectory())).toBe(true);
  expect(cacheDirectory('mnist')).toMatch(/gradparity.*mnist$/i);
});

test('an empty setting is none', () => {
  process.env.GRADPARITY_CACHE_DIR = '';
  expect(cacheDirectory('mnist')).toMatch(/gradparity.*mnist$/i);
});
