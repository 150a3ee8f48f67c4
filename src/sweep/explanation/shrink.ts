/** Makes a case smaller while it shows the same finding: sizes, attributes, then numbers, as property-testing libraries do. */
import { sizeOf } from '../../shapes.js';
import { RANDOM, type SweepCase, type SweepInput } from '../cases/case.js';
import {
  inputsOf,
  isExpression,
  weightShapesOf,
  type Argument,
  type Expression,
  type LayersExpression,
} from '../cases/expression.js';

/** How many outputs a smaller case has; undefined where it does not show the finding any more. */
export type StillShows = (one: SweepCase) => Promise<number | undefined>;

export interface ShrinkOptions {
  /** So many candidates are tried at most. */
  budget?: number;
}

/** The smallest case found. The same for the same case, as long as `stillShows` answers the same. */
export async function shrink(
  one: SweepCase,
  stillShows: StillShows,
  { budget = 120 }: ShrinkOptions = {},
): Promise<SweepCase> {
  let best = one;
  let outputs: number | undefined;
  let left = budget;
  const tried = new Set<string>();
  for (let progress = true; progress;) {
    progress = false;
    for (const candidate of candidates(best, outputs)) {
      const text = JSON.stringify([
        candidate.inputs,
        candidate.expression,
        candidate.cotangent,
        candidate.plainSecond,
      ]);
      if (tried.has(text)) continue;
      tried.add(text);
      if (left-- <= 0) return best;
      const size = await stillShows(candidate);
      if (size === undefined) continue;
      [best, outputs] = [candidate, size];
      progress = true;
      break;
    }
  }
  return best;
}

const withInputs = (one: SweepCase, inputs: SweepCase['inputs']): SweepCase => ({
  ...one,
  inputs,
  cotangent: undefined,
});

/**
 * Smaller cases, the boldest first. They stay cases of what the finding is filed under: the op is called still, a variant keeps
 * its arguments, and a model's weights have the shapes that its layers give them.
 */
export function* candidates(one: SweepCase, outputs?: number): Iterable<SweepCase> {
  if (!one.plainSecond) yield { ...one, plainSecond: true };
  if ('layers' in one.expression) {
    // Along another axis a weight may be larger.
    for (const smaller of smallerModels(one, one.expression)) {
      if (entriesOf(smaller) <= entriesOf(one)) yield smaller;
    }
  } else {
    yield* smallerSizes(one);
    if (one.variant === RANDOM) yield* partsAlone(one);
    for (const simpler of simplerArguments(one)) if (callsAsMuch(simpler, one)) yield simpler;
  }
  yield* simplerNumbers(one);
  if (outputs === undefined || one.cotangent) return;
  for (const form of [() => 1, (_: unknown, i: number) => i + 1]) {
    yield { ...one, cotangent: Array.from({ length: outputs }, form) };
  }
}

/** Of a composition each part that calls something, the smallest first. */
function* partsAlone(one: SweepCase): Iterable<SweepCase> {
  const inside = (part: Argument): Expression[] =>
    typeof part !== 'object' || part === null
      ? []
      : [
          ...Object.values(part).flatMap((each) => inside(each as Argument)),
          ...(isExpression(part) && 'call' in part && part !== one.expression ? [part] : []),
        ];
  const parts = inside(one.expression).sort((a, b) => callsIn(a).length - callsIn(b).length);
  for (const expression of parts) {
    const used = inputsOf(expression);
    const inputs = Object.fromEntries(Object.entries(one.inputs).filter(([name]) => used.includes(name)));
    yield { ...withInputs(one, inputs), expression };
  }
}

const entriesOf = ({ inputs }: SweepCase): number =>
  Object.values(inputs).reduce((sum, { values }) => sum + values.length, 0);

/** Whether what the case is filed under, as far as it names functions, is called as before. */
function callsAsMuch(simpler: SweepCase, { op, variant, expression }: SweepCase): boolean {
  // Of a composition any part may do, as long as it calls something.
  if (variant === RANDOM) return callsIn(simpler.expression).length > 0;
  const calls = callsIn(expression);
  const kept = new Set(callsIn(simpler.expression));
  if (op.split(' of ').some((name) => calls.includes(name) && !kept.has(name))) return false;
  return variant === undefined || argumentsOf(simpler.expression) === argumentsOf(expression);
}

/** The functions that it calls, the outermost first. */
export function callsIn(part: Argument): string[] {
  if (typeof part !== 'object' || part === null) return [];
  const inner = Object.values(part).flatMap((each) => callsIn(each as Argument));
  return isExpression(part) && 'call' in part ? [part.call, ...inner] : inner;
}

/** All that is not a number in the arguments, and whether numbers are 0 or 1: what makes a variant. */
const argumentsOf = (expression: Expression): string =>
  JSON.stringify(expression, (_name, value: unknown) =>
    typeof value === 'number' && Math.abs(value) > 1 ? Math.sign(value) * 2 : value,
  );

/** One example, smaller inputs, and layers with smaller or fewer options, with the weights that they have then. */
function* smallerModels(one: SweepCase, expression: LayersExpression): Iterable<SweepCase> {
  const { of } = expression;
  if (!('input' in of)) return;
  const name = of.input;
  const x = one.inputs[name];
  const fitted = (layers: LayersExpression['layers'], input: SweepInput): SweepCase | undefined => {
    const next = { ...expression, layers };
    const shapes = weightShapesOf(next);
    if (shapes?.length !== expression.weights.length) return undefined;
    const entries = expression.weights.map((weight, i): [string, SweepInput] | undefined => {
      const old = one.inputs[weight];
      const shape = shapes[i];
      return shape.length === old.shape.length ? [weight, resized(old, (_, axis) => shape[axis])] : undefined;
    });
    if (entries.some((entry) => entry === undefined)) return undefined;
    const weights = Object.fromEntries(entries as [string, SweepInput][]);
    return { ...withInputs(one, { ...one.inputs, [name]: input, ...weights }), expression: next };
  };
  for (const [axis, size] of x.shape.entries()) {
    for (const smaller of size > 1 ? new Set([1, size - 1]) : []) {
      const input = resized(x, (n, at) => (at === axis ? smaller : n));
      const layers = expression.layers.map(([layer, config], i) =>
        i === 0 && config.inputShape !== undefined
          ? ([layer, { ...config, inputShape: input.shape.slice(1) }] as const)
          : ([layer, config] as const),
      );
      const candidate = fitted(layers, input);
      if (candidate) yield candidate;
    }
  }
  for (const [i, [layer, config]] of expression.layers.entries()) {
    for (const [option, value] of Object.entries(config)) {
      // Without this each run draws an orthogonal matrix first.
      if (option === 'inputShape' || option === 'recurrentInitializer') continue;
      const without = Object.fromEntries(Object.entries(config).filter(([each]) => each !== option));
      const configs = one.variant ? [] : [without];
      for (const simpler of simplerArgument(value)) configs.push({ ...config, [option]: simpler });
      for (const each of configs) {
        const candidate = fitted(
          expression.layers.map((old, at) => (at === i ? ([layer, each] as const) : old)),
          x,
        );
        if (candidate && (!one.variant || argumentsOf(candidate.expression) === argumentsOf(expression))) {
          yield candidate;
        }
      }
    }
  }
}

/** All axes of one size together, and single axes of single inputs; to 1, or by one. */
function* smallerSizes(one: SweepCase): Iterable<SweepCase> {
  const names = Object.keys(one.inputs);
  const sizes = [...new Set(names.flatMap((name) => [...one.inputs[name].shape]))].filter((size) => size > 1);
  for (const size of sizes.sort((a, b) => b - a)) {
    for (const smaller of new Set([1, size - 1])) {
      const inputs = Object.fromEntries(
        names.map((name) => [name, resized(one.inputs[name], (n) => (n === size ? smaller : n))]),
      );
      yield withInputs(one, inputs);
    }
  }
  for (const name of names) {
    const { shape } = one.inputs[name];
    for (const [axis, size] of shape.entries()) {
      for (const smaller of size > 1 ? new Set([1, size - 1]) : []) {
        yield withInputs(one, {
          ...one.inputs,
          [name]: resized(one.inputs[name], (n, at) => (at === axis ? smaller : n)),
        });
      }
    }
  }
}

/** The input with other sizes; entries that remain keep their numbers, and where it grows its last ones are repeated. */
function resized(input: SweepInput, sizeAt: (size: number, axis: number) => number): SweepInput {
  const shape = input.shape.map(sizeAt);
  const values = Array.from({ length: sizeOf(shape) }, (_, flat) => {
    let rest = flat;
    let index = 0;
    let stride = 1;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index += Math.min(rest % shape[axis], input.shape[axis] - 1) * stride;
      rest = Math.floor(rest / shape[axis]);
      stride *= input.shape[axis];
    }
    return input.values[index];
  });
  return { ...input, shape, values };
}

/** One argument simpler at a time; inputs that are not used any more go with it. */
function* simplerArguments(one: SweepCase): Iterable<SweepCase> {
  for (const expression of simplerExpressions(one.expression)) {
    const used = inputsOf(expression);
    const inputs = Object.fromEntries(Object.entries(one.inputs).filter(([name]) => used.includes(name)));
    yield { ...withInputs(one, inputs), expression };
  }
}

function* simplerExpressions(expression: Expression): Iterable<Expression> {
  if ('call' in expression) {
    const { args } = expression;
    // Trailing defaults say nothing.
    if (args.length > 1 && !isExpression(args[args.length - 1])) {
      yield { ...expression, args: args.slice(0, -1) };
    }
    for (const [i, argument] of args.entries()) {
      for (const simpler of simplerArgument(argument))
        yield { ...expression, args: replaced(args, i, simpler) };
    }
  } else if ('train' in expression) {
    const { steps } = expression;
    for (const at of steps.length > 1 ? steps.keys() : []) {
      yield { ...expression, steps: steps.filter((_, i) => i !== at) };
    }
  } else if ('get' in expression) {
    for (const of of simplerExpressions(expression.of)) yield { ...expression, of };
  }
}

const replaced = (list: readonly Argument[], i: number, part: Argument): Argument[] =>
  list.map((old, at) => (at === i ? part : old));

function* simplerArgument(argument: Argument): Iterable<Argument> {
  if (argument === null || argument === undefined) return;
  if (isExpression(argument)) {
    // A call inside may not be needed: its input alone.
    if ('call' in argument) {
      for (const inner of argument.args) if (isExpression(inner)) yield inner;
    }
    yield* simplerExpressions(argument);
  } else if (typeof argument === 'boolean') {
    if (argument) yield false;
  } else if (typeof argument === 'number') {
    if (Number.isInteger(argument) && argument > 1) {
      yield 1;
      if (argument > 2) yield argument - 1;
    } else if (!Number.isInteger(argument)) yield Math.round(argument);
  } else if (argument === 'same') {
    yield 'valid';
  } else if (Array.isArray(argument)) {
    for (const [i, part] of (argument as readonly Argument[]).entries()) {
      for (const simpler of simplerArgument(part))
        yield replaced(argument as readonly Argument[], i, simpler);
    }
  } else if (typeof argument === 'object') {
    const members = argument as Readonly<Record<string, Argument>>;
    for (const [name, part] of Object.entries(members)) {
      for (const simpler of simplerArgument(part)) yield { ...members, [name]: simpler };
    }
  }
}

/** Whole numbers instead of random ones: all inputs at once, then one by one; the cotangent likewise. */
function* simplerNumbers(one: SweepCase): Iterable<SweepCase> {
  if (one.kink) return;
  const names = Object.keys(one.inputs).filter((name) => one.inputs[name].dtype === 'float32');
  const forms: ((value: number, i: number) => number)[] = [
    () => 1,
    (_value, i) => i + 1,
    (value) => Math.sign(value) * Math.max(1, Math.round(Math.abs(value))),
    (value) => Math.round(value * 4) / 4,
    (value) => Math.fround(Number(value.toPrecision(2))),
  ];
  const applied = (input: SweepInput, form: (value: number, i: number) => number): SweepInput => ({
    ...input,
    values: input.values.map(form),
  });
  const isPlain = (input: SweepInput): number => {
    const rank = forms.findIndex((form) => input.values.every((value, i) => form(value, i) === value));
    return rank < 0 ? forms.length : rank;
  };
  const plainest = Math.max(0, ...names.map((name) => isPlain(one.inputs[name])));
  for (const form of forms.slice(0, plainest)) {
    yield {
      ...one,
      inputs: Object.fromEntries(
        Object.entries(one.inputs).map(([name, input]) => [
          name,
          names.includes(name) ? applied(input, form) : input,
        ]),
      ),
    };
  }
  for (const name of names) {
    for (const form of forms.slice(0, isPlain(one.inputs[name]))) {
      yield { ...one, inputs: { ...one.inputs, [name]: applied(one.inputs[name], form) } };
    }
  }
}
