/** Whether the gradient of the gradient is right. */
import { agree, FORWARD_TOLERANCE } from './agreement.js';
import { errorHit } from './errors.js';
import { hitOf } from './hit.js';
import { witnessOf, type Situation } from './situation.js';
import { number, ratioText } from './words.js';

/** The culprit of TensorFlow.js' issue 3252. */
export const TAPE_ORDER = "the tape's order";

export function judgeSecond({ one, names, double, oracle, hits }: Situation): void {
  const { second } = double;
  if (!second) return;
  const { failure, wrong, autodiff } = second;
  if (failure) {
    const hit = errorHit(one, 'core', 'second order', failure, double);
    const theirs =
      oracle?.second && Object.values(oracle.second).some((values) => values?.some((v) => v !== 0));
    hits.push({ ...hit, witness: theirs && oracle ? witnessOf(oracle) : hit.witness });
  } else if (wrong) {
    const theirs = oracle?.second?.[wrong.input]?.[wrong.entry];
    const agrees =
      theirs !== undefined && agree([theirs], [wrong.numerical], FORWARD_TOLERANCE, true, [wrong.errorBar]);
    hits.push(
      hitOf(one, {
        kind: 'formula',
        backend: 'core',
        direction: 'second order',
        ...(names.length > 1 && { fault: wrong.input }),
        ...(second.lostByOrder && { culprit: TAPE_ORDER }),
        input: wrong.input,
        message: second.unreached
          ? `The gradient's gradient is lost: tf.grad finds no way from the gradient back to ${wrong.input}.`
          : `The gradient's gradient is wrong by ${wrong.input}${ratioText([wrong.autodiff], [wrong.numerical])}.`,
        got: second.unreached
          ? 'an error: tf.grad finds no connection'
          : `${number(wrong.autodiff)}${(autodiff?.length ?? 1) > 1 ? ` at entry ${wrong.entry}` : ''}`,
        expected: number(wrong.numerical),
        witness: agrees && oracle ? witnessOf(oracle) : null,
      }),
    );
  }
}
