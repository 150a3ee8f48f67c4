/** Places on this machine as users write them. */
import { fileURLToPath } from 'node:url';
import { InputError } from '../errors.js';

/**
 * A path from what a user gives for one: a path, or a `file:` address as TensorFlow.js' own `model.save('file://…')` takes it, in
 * which `file://out/m` is the relative path out/m. Made absolute by nobody.
 *
 * @throws InputError for an address of another kind, for nothing, and for a text that no path can be
 */
export function localPath(where: string, place: string | URL): string {
  const text = String(place);
  if (text === '' || text.includes('\0')) {
    throw new InputError(`${where}: wanted the path of a file or folder, got ${JSON.stringify(text)}.`);
  }
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]+):\/\/(.*)$/is.exec(text) ?? [];
  if (scheme === undefined) return text;
  if (scheme.toLowerCase() !== 'file' || rest === '') {
    throw new InputError(`${where}: wanted a path on this machine, got ${JSON.stringify(text)}.`);
  }
  if (!rest.startsWith('/')) return rest;
  try {
    return fileURLToPath(text);
  } catch {
    return rest;
  }
}
