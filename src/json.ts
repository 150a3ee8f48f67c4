/** JSON of a user's. */
import { InputError } from './errors.js';

/** The value of a text. @throws InputError where it is no JSON, with `what` it should have been */
export function parseJson(what: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InputError(`${what} must be JSON: ${(error as Error).message.replace(/\s+/g, ' ')}.`, {
      cause: error,
    });
  }
}
