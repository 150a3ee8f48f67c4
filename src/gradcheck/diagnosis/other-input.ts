/** The gradient of one input, given as that of another. */
import { ENOUGH, telling, type Evidence } from './evidence.js';

/** The gradient of one input given as that of another. */
export function otherInput(evidence: Evidence, all: readonly Evidence[]): string | undefined {
  const { pass, input, name } = evidence;
  const wrong = new Set(evidence.entries.filter(({ state }) => state === 'wrong').map(({ j }) => j));
  for (const other of all) {
    if (
      other.input === input ||
      pass.subject.active[other.input].values.length !== pass.subject.active[input].values.length
    )
      continue;
    // Where this input's gradient is right it may well be that of another one too.
    if (!other.entries.some(({ j }) => wrong.has(j))) continue;
    const clear = telling(other, other.entries, 0);
    const taken =
      clear.length >= ENOUGH &&
      pass.cotangents.every((_, q) =>
        other.entries.every((entry) =>
          other.same(other.numerical(entry, q), pass.autodiff[q][input][entry.j], entry, q),
        ),
      );
    if (taken)
      return `the gradient is that of another input: what is given for ${name} is the gradient of ${other.name}.`;
  }
  return undefined;
}
