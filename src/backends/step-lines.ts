/** Shows provisioning on a stream: a line for each step, with its progress where the stream is a terminal. */
import type { ProvisionStep } from './ways.js';

/** What `stepLines` needs of a stream; `process.stderr` is one. */
export interface LineStream {
  isTTY?: boolean;
  write(text: string): unknown;
}

/**
 * A `log` for `provisionNative`. On a terminal the current step's line is rewritten as it goes on; elsewhere each
 * step is one line. `end` closes the last line.
 */
export function stepLines(stream: LineStream): { log: (step: ProvisionStep) => void; end: () => void } {
  let current: string | undefined;
  // A terminal that is named dumb knows no movements of the cursor.
  const isTerminal = stream.isTTY && process.env.TERM !== 'dumb';
  const end = () => {
    if (current !== undefined && isTerminal) stream.write('\n');
    current = undefined;
  };
  const log = ({ text, progress }: ProvisionStep) => {
    if (text !== current) {
      end();
      stream.write(isTerminal ? text : `${text}\n`);
      current = text;
    }
    if (isTerminal && progress !== undefined) stream.write(`\r${text} … ${progress}\u001b[K`);
  };
  return { log, end };
}
