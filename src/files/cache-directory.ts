/** Where gradparity keeps what it downloads, one folder per user: data sets, the native library. */
import path from 'node:path';
import envPaths from 'env-paths';

/**
 * The cache folder: `GRADPARITY_CACHE_DIR` where it is set (and not empty), else the platform's own place for caches
 * (`~/.cache/gradparity` on Linux). Nothing is created here.
 */
export function cacheDirectory(...parts: string[]): string {
  const root = process.env.GRADPARITY_CACHE_DIR || envPaths('gradparity', { suffix: '' }).cache;
  return path.join(path.resolve(root), ...parts);
}
