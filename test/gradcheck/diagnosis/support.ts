/** Passes for diagnoses: derivatives by plain central differences, three cotangents as the check has them. */
import { expect } from '@jest/globals';
import type { Entry } from '../../../src/gradcheck/engine/judge.js';
import type { Pass } from '../../../src/gradcheck/engine/pass.js';
import { Subject, type CheckedFunction, type CheckedInputs } from '../../../src/gradcheck/engine/subject.js';
import { explain, explainFlat, explainKinks, explainUnseen } from '../../../src/gradcheck/diagnosis/index.js';
import { slopeAlong } from '../../../src/gradcheck/diagnosis/columns.js';
import { gradientOf } from '../../../src/gradcheck/gradcheck.js';
import { randomFrom } from '../../../src/random.js';
import { tensorCount } from '../../support/backends.js';

export interface Examined {
  pass: Pass;
  found: Entry[][];
}

/** The sizes of the cotangents: the second has the first's signs, the third has them reversed. */
const SIZES = [1, 2 ** -10, -12];

/** f at its inputs, with every entry judged by central differences to 1e-6. Call it within subject.work. */
function examine(subject: Subject, order: 1 | 2): Examined {
  const random = randomFrom(7);
  const parts = subject.evaluateGuarded();
  const outputs = Float64Array.from(parts.flatMap((part) => Array.from(part)));
  const signs = random.weights(outputs.length);
  const cotangents = SIZES.map((size) =>
    random.weights(outputs.length).map((weight, k) => size * Math.sign(signs[k]!) * Math.abs(weight)),
  );
  const split = (whole: Float64Array): Float64Array[] => {
    let at = 0;
    return parts.map(({ length }) => whole.subarray(at, (at += length)));
  };
  const given = cotangents.map((c) => subject.vjp(split(c)));
  const unreached = new Set(given[0]!.flatMap((gradient, i) => (gradient === null ? [i] : [])));
  const autodiff = given.map((gradients) =>
    gradients.map((gradient, i) => gradient ?? new Float64Array(subject.active[i]!.values.length)),
  );
  const pass: Pass = {
    subject,
    order,
    cotangents,
    outputs,
    finite: Int32Array.from(outputs.keys()),
    autodiff,
    rounding: autodiff.map((gradients) => gradients.map(({ length }) => new Float64Array(length))),
    unreached,
  };
  const found = subject.active.map(({ values }, input) =>
    Array.from(values.keys(), (j) => entryOf(pass, input, j)),
  );
  return { pass, found };
}

function entryOf(pass: Pass, input: number, j: number): Entry {
  const { subject, cotangents, autodiff, outputs } = pass;
  const { values } = subject.active[input]!;
  const direction = new Float64Array(values.length);
  direction[j] = 1;
  const moved = subject.evaluateMoved(
    subject.active.map((active, i) =>
      i === input ? active.values.map((value, k) => value + 1e-3 * direction[k]!) : active.values,
    ),
  );
  const there = moved?.flatMap((part) => Array.from(part)) ?? [];
  const changed = there.flatMap((value, k) => (value === outputs[k] ? [] : [k]));
  const slopes = cotangents.map((_, q) => {
    const { left, right } = slopeAlong(pass, input, direction, q);
    const value = (left + right) / 2;
    const size = Math.max(Math.abs(left), Math.abs(right));
    const kind = Number.isNaN(value)
      ? 'unknown'
      : Math.abs(left - right) > 1e-4 * size + 1e-9
        ? 'kink'
        : 'smooth';
    const ladder = [{ t: 1e-3, quotient: value }];
    const sole = changed.length === 1 ? changed[0]! : -1;
    const rounding = outputs.reduce((sum, output, k) => sum + Math.abs(cotangents[q]![k]! * output), 0);
    // Rounding over the shortest step of a derivative.
    const errorBar = 1e-9 * size + 2 ** -40 * rounding;
    return { kind, value, errorBar, left, right, scale: size, floor: 0, sole, t: 1e-3, ladder };
  });
  const own = autodiff.map((gradients) => gradients[input]![j]!);
  const off = own.map((value, q) => {
    const { value: slope, scale, errorBar } = slopes[q]!;
    const distance = Math.max(0, Math.abs(value - slope) - errorBar) / (scale || 1);
    return Number.isNaN(distance) ? Infinity : distance;
  });
  const q = off.indexOf(Math.max(...off));
  const state = own.some((value) => !Number.isFinite(value))
    ? 'nonFinite'
    : slopes.some(({ kind }) => kind === 'unknown')
      ? 'blind'
      : slopes.some(({ kind }) => kind === 'kink')
        ? 'kink'
        : off[q]! > 1e-6
          ? 'wrong'
          : 'right';
  const between = slopes.every(
    ({ left, right }, i) =>
      own[i]! >= Math.min(left, right) - 1e-6 && own[i]! <= Math.max(left, right) + 1e-6,
  );
  return {
    j,
    q,
    unit: 1,
    numerical: slopes[q]!.value,
    autodiff: own[q]!,
    errorBar: slopes[q]!.errorBar,
    slopes,
    state,
    between,
  } as Entry;
}

/** What is said of f, and nothing that is left behind. */
export function said(f: CheckedFunction, inputs: CheckedInputs, order: 1 | 2 = 1): string {
  const before = tensorCount();
  const first = Subject.of(f, inputs, {});
  const sentences = first.work(() => {
    let subject = first;
    if (order === 2) {
      first.evaluateGuarded();
      subject = gradientOf(first, randomFrom(3));
    }
    const { pass, found } = examine(subject, order);
    return [
      ...explain(pass, found),
      ...explainKinks(pass, found),
      ...found.flatMap((entries, input) => [
        explainUnseen(pass, input, entries) ?? '',
        (entries.every(({ state }) => state === 'right') && explainFlat(pass, input)) || '',
      ]),
    ];
  });
  expect(tensorCount()).toBe(before);
  return sentences.filter(Boolean).join('\n');
}
