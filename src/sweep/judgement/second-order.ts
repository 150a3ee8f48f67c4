/** Whether the gradient of the gradient is right. */
import { agree, FORWARD_TOLERANCE } from './agreement.js';
import { errorHit } from './errors.js';
import { hitOf } from './hit.js';
import type { Situation } from './situation.js';
import { number, ratioText } from './words.js';

export function judgeSecond({ one, double, oracle, hits }: Situation): void {
  const { second } = double;
  if (!second) return;
  const { failure, wrong, autodiff } = second;
  if (failure) {
    const hit = errorHit(one, 'core', 'second order', failure, double);
    const theirs =
      oracle?.second && Object.values(oracle.second).some((values) => values?.some((v) => v !== 0));
    hits.push({ ...hit, witness: theirs && oracle ? { kind: 'fixture', by: oracle.by } : hit.witness });
  } else if (wrong) {
    const theirs = oracle?.second?.[wrong.input]?.[wrong.entry];
    const agrees =
      theirs !== undefined && agree([theirs], [wrong.numerical], FORWARD_TOLERANCE, true, [wrong.errorBar]);
    hits.push(
      hitOf(one, {
        kind: 'formula',
        backend: 'core',
        direction: 'second order',
        input: wrong.input,
        message: second.unreached
          ? `The gradient's gradient is lost: tf.grad finds no way from the gradient back to ${wrong.input}.`
          : `The gradient's gradient is wrong by ${wrong.input}${ratioText([wrong.autodiff], [wrong.numerical])}.`,
        got: second.unreached
          ? 'an error: tf.grad finds no connection'
          : `${number(wrong.autodiff)}${(autodiff?.length ?? 1) > 1 ? ` at entry ${wrong.entry}` : ''}`,
        expected: number(wrong.numerical),
        witness: agrees && oracle ? { kind: 'fixture', by: oracle.by } : null,
      }),
    );
  }
}
