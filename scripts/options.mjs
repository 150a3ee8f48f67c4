/** The options of a command of this folder. */
import { parseArgs } from 'node:util';

/** What the command was given, in parseArgs' form; wrong input ends it with a sentence and exit code 2. */
export function optionsOf(command, options = {}, { allowPositionals = false, hint = '' } = {}) {
  try {
    return parseArgs({ options, allowPositionals });
  } catch (error) {
    console.error(`${command}: ${error.message}${hint && ` ${hint}`}`);
    return process.exit(2);
  }
}
