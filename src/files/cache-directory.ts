/** Where gradparity keeps what it downloads, one folder per user: data sets, the native library. */
import os from 'node:os';
import path from 'node:path';

/**
 * The cache folder: `GRADPARITY_CACHE_DIR` where it is set (and not empty), else the platform's own place for caches
 * (`~/.cache/gradparity` on Linux), else, for a user without a home, one in the folder for temporary files. Nothing is created here.
 */
export function cacheDirectory(...parts: string[]): string {
  const root = process.env.GRADPARITY_CACHE_DIR || path.join(platformCache(), 'gradparity');
  return path.join(path.resolve(root), ...parts);
}

function platformCache(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (process.platform === 'win32' && LOCALAPPDATA) return LOCALAPPDATA;
  // By its specification a path that is not absolute does not count.
  if (process.platform !== 'darwin' && XDG_CACHE_HOME && path.isAbsolute(XDG_CACHE_HOME))
    return XDG_CACHE_HOME;
  const home = homeDirectory();
  if (home === undefined) return path.join(os.tmpdir(), `cache-of-user-${process.getuid?.() ?? 0}`);
  if (process.platform === 'darwin') return path.join(home, 'Library', 'Caches');
  return process.platform === 'win32' ? path.join(home, 'AppData', 'Local') : path.join(home, '.cache');
}

/** A user whom the system does not know, as in a container that was started with a number, has none. */
function homeDirectory(): string | undefined {
  try {
    return os.homedir() || undefined;
  } catch {
    return undefined;
  }
}
