/** What is said of a function whose entries were all compared. */
import { expect } from '@jest/globals';
import { explain, explainFlat, explainKinks, explainUnseen } from '../../../src/gradcheck/diagnosis/index.js';
import {
  compareEntry,
  gradientOf,
  openPass,
  Subject,
  tolerances,
  type CheckedFunction,
  type CheckedInputs,
  type Entry,
  type Pass,
} from '../../../src/gradcheck/engine/index.js';
import { randomFrom } from '../../../src/random.js';
import { tensorCount } from '../../support/backends.js';

export interface Examined {
  pass: Pass;
  found: Entry[][];
}

/** Every entry compared, within subject.work. */
function examine(subject: Subject, order: 1 | 2): Examined {
  const pass = openPass(subject, order, randomFrom(7));
  const found = subject.active.map(({ values }, input) =>
    Array.from(values.keys(), (j) => compareEntry(pass, input, j, tolerances.float64)),
  );
  return { pass, found };
}

/** What is said of f, and nothing that is left behind. */
export function said(f: CheckedFunction, inputs: CheckedInputs, order: 1 | 2 = 1): string {
  const before = tensorCount();
  const first = Subject.of(f, inputs, {});
  const sentences = first.work(() => {
    let subject = first;
    if (order === 2) {
      first.evaluateGuarded();
      subject = gradientOf(first, randomFrom(3).weights);
    }
    const { pass, found } = examine(subject, order);
    return [
      ...explain(pass, found),
      ...explainKinks(pass, found),
      ...explainUnseen({ pass, entries: found }),
      ...found.map(
        (entries, input) =>
          (entries.every(({ state }) => state === 'right') && explainFlat(pass, input)) || '',
      ),
    ];
  });
  expect(tensorCount()).toBe(before);
  return sentences.filter(Boolean).join('\n');
}
