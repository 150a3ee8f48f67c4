/** Packages that only a part of this library needs: whoever uses that part installs them. */
import { EnvironmentError } from './errors.js';

/**
 * What `load` imports.
 *
 * @throws EnvironmentError where one of the packages is not installed
 */
export async function optional<T>(
  use: string,
  packages: readonly string[],
  load: () => Promise<T>,
): Promise<T> {
  try {
    return await load();
  } catch (error) {
    throw missingPackage(use, packages, error);
  }
}

/** The error to throw in place of one that came while these packages were loaded. */
export function missingPackage(use: string, packages: readonly string[], error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  const isMissing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
  if (!isMissing || !packages.some((name) => message.includes(`'${name}'`))) return error;
  const list = packages.length > 1 ? `the packages ${packages.join(', ')}` : `the package ${packages[0]}`;
  return new EnvironmentError(
    `${use} needs ${list}, which gradparity leaves to you to install: npm install ${packages.join(' ')}`,
    { cause: error },
  );
}
