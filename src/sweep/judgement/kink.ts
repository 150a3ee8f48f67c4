/** Whether the gradient at a kink is one of those that may be chosen. */
import { liesWithin, type Bracket } from '../observation/kinks.js';
import type { Outcome, SweepBackend } from '../observation/observation.js';
import { hitOf, observed, type Hit, type Witness } from './hit.js';
import { witnessOf, type Situation } from './situation.js';
import { listText, number } from './words.js';

export function judgeKink(
  { one, names, double, backends, oracle, hits }: Situation,
  brackets: readonly Bracket[],
): void {
  const ofInput = (outcome: Outcome<Record<string, number[] | null>> | undefined, name: string) =>
    outcome && 'ok' in outcome ? (outcome.ok[name] ?? one.inputs[name].values.map(() => 0)) : undefined;
  names.forEach((name, input) => {
    const coordinates = brackets.filter(
      (bracket) => bracket.input === input && bracket.direction.filter((d) => d !== 0).length === 1,
    );
    const between = coordinates.map(({ low, high }) =>
      high - low > 1e-2 * Math.max(Math.abs(low), Math.abs(high), 1e-3)
        ? `${number(low)} … ${number(high)}`
        : number((low + high) / 2),
    );
    const isOpen = between.some((text) => text.includes('…'));
    const expected = `${between.join(' ')}, a subgradient`;
    const own = ofInput(double.backward, name);
    if (!own) return;
    const right = liesWithin(brackets, input, own);
    const theirs = oracle?.gradients[name];
    const witness: Witness | null =
      oracle && theirs && liesWithin(brackets, input, theirs) ? witnessOf(oracle) : null;
    const hit = (): Hit =>
      hitOf(one, {
        kind: right ? 'convention' : 'formula',
        backend: 'core',
        direction: 'backward',
        input: name,
        message: right
          ? 'At a kink the gradient is a choice; this is the one that is made.'
          : 'At a tie the gradient is no subgradient: moving all tied entries together changes the function by less than the gradient says.',
        got: listText(own),
        expected: theirs && witness ? `${listText(theirs)} in ${witness.by}` : expected,
        witness: right ? (witness ?? observed('the one-sided slopes')) : witness,
      });
    if (isOpen || !right) hits.push(hit());
    for (const { stage, backward } of backends) {
      const here = ofInput(backward, name);
      if (right && here && !liesWithin(brackets, input, here)) {
        hits.push(
          hitOf(one, {
            kind: 'kernel',
            backend: stage as SweepBackend,
            direction: 'backward',
            input: name,
            message: `The ${stage} backend's gradient is no subgradient at a kink.`,
            got: listText(here),
            expected,
            witness: { kind: 'backend', by: 'the double-precision kernels' },
          }),
        );
      }
    }
  });
}
