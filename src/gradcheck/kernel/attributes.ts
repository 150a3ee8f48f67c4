/** What a kernel's attributes do to its result and to its gradient: each is changed, and both are computed again. */
import { randomFrom } from '../../random.js';
import { sizeOf } from '../../shapes.js';
import { concat, split, type Subject } from '../engine/index.js';
import type { AttributeEffect } from '../report/report.js';

/** Other values of an attribute, to be tried one after the other. None for what cannot be changed without knowing what it is. */
export function othersOf(value: unknown): unknown[] {
  if (typeof value === 'boolean') return [!value];
  if (typeof value === 'number') {
    const others = Number.isInteger(value)
      ? [value + 1, value - 1, value + 2, -value]
      : [2 * value, value / 2, -value];
    return others.filter((other) => other !== value && Number.isFinite(other));
  }
  if (Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'number')) {
    return [1, -1].map((by) => value.map((one: number) => one + by));
  }
  return [];
}

interface Result {
  outputs: Float64Array;
  gradient: Float64Array | undefined;
  shapes: string;
}

/** The outputs, and the gradient for one dy; no gradient where it throws. */
function resultOf(subject: Subject): Result | undefined {
  try {
    return subject.work(() => {
      const outputs = concat(subject.evaluate());
      const shapes = subject.outputShapes;
      const dy = randomFrom(1).weights(shapes.reduce((sum, shape) => sum + sizeOf(shape), 0));
      let gradient: Float64Array | undefined;
      try {
        gradient = concat(
          subject
            .vjp(
              split(
                dy.map((c) => subject.round(c)),
                shapes,
              ),
            )
            .map((one, i) => one ?? new Float64Array(subject.active[i].values.length)),
        );
      } catch {
        gradient = undefined;
      }
      return { outputs, gradient, shapes: JSON.stringify(shapes) };
    });
  } catch {
    return undefined;
  }
}

const differ = (a: Float64Array, b: Float64Array): boolean =>
  a.length !== b.length || a.some((value, k) => !Object.is(value, b[k]) && value !== b[k]);

/** By attribute, whether another value changes the kernel's result, and its gradient. Those that nothing is known of are left out. */
export function effectsOf(
  attrs: Readonly<Record<string, unknown>>,
  subjectWith: (attrs: Record<string, unknown>) => Subject,
): AttributeEffect[] {
  const own = resultOf(subjectWith({ ...attrs }));
  if (!own?.gradient) return [];
  const gradient = own.gradient;
  return Object.entries(attrs).flatMap(([name, value]) => {
    const tried: unknown[] = [];
    let [onValue, onGradient] = [false, false];
    for (const other of othersOf(value)) {
      const result = resultOf(subjectWith({ ...attrs, [name]: other }));
      if (!result?.gradient) continue;
      tried.push(other);
      const isOther = result.shapes !== own.shapes;
      onValue ||= isOther || differ(result.outputs, own.outputs);
      onGradient ||= isOther || differ(result.gradient, gradient);
      if (onValue && onGradient) break;
    }
    return tried.length === 0 ? [] : [{ name, tried, onValue, onGradient }];
  });
}

/** Sentences on the attributes that are without effect on the result, on the gradient, or on both. */
export function explainAttributes(effects: readonly AttributeEffect[], isWrong: boolean): string[] {
  return effects.flatMap(({ name, tried, onValue, onGradient }) => {
    const others = tried.map((one) => JSON.stringify(one)).join(', ');
    if (!onValue && !onGradient)
      return [`The attribute ${name} has no effect, neither on f nor on its gradient (tried: ${others}).`];
    if (!onGradient) {
      return [
        `The attribute ${name} changes f, but has no effect on its gradient (tried: ${others})${isWrong ? ': the gradient function seems to ignore it' : ''}.`,
      ];
    }
    return onValue
      ? []
      : [`The attribute ${name} changes the gradient, but has no effect on f (tried: ${others}).`];
  });
}
