/** JSON of a user's. */
import { InputError } from './errors.js';

/** The value of a text. @throws InputError where it is no JSON, with `what` it should have been */
export function parseJson(what: string, text: string): unknown {
  try {
    // A byte order mark, as some editors put before a text, is none of it.
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new InputError(`${what} must be JSON: ${(error as Error).message.replace(/\s+/g, ' ')}.`, {
      cause: error,
    });
  }
}
