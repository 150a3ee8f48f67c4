/** What the compositions of each stratum are made of. */
import { sizeOf } from '../../src/shapes.js';
import type { Input } from './composition.js';
import { numbersOf, type Dice } from './dice.js';
import {
  close,
  grow,
  Growing,
  join,
  KINKED,
  ORDINARY,
  Rejected,
  SPREAD,
  step,
  type Bounds,
} from './growing.js';

export const STRATA = {
  small: 'ordinary scales, 1 to 100 entries',
  medium: 'ordinary scales, about 1,000 entries',
  large: 'ordinary scales, 10,000 to 100,000 entries',
  spread: 'entries times 10^U(-8, 8), 1 to 100 entries',
  'spread-medium': 'entries times 10^U(-8, 8), about 1,000 entries',
  quantisers: 'round(kx)/k or floor(kx)/k with gradient 0 beside smooth parts',
  flat: 'an input or all of f has no influence: x/x, a bias under a softmax, saturation',
  kinks: 'some arguments of relu, leakyRelu, abs or selu lie 1e-6 to 1e-3 beside their kink',
  offset: 'f plus a number of size 1e3 to 1e7',
} as const;
export type Stratum = keyof typeof STRATA;

const SHAPES: Record<'small' | 'medium' | 'large', number[][]> = {
  small: [[], [1], [3], [5], [8], [64], [2, 3], [3, 4], [4, 4], [6, 5], [10, 10], [2, 3, 4]],
  medium: [[1000], [32, 32], [10, 100], [4, 16, 16]],
  large: [[10000], [100, 100], [20, 50, 20], [100000], [316, 316]],
};

const sizeClass = (stratum: Stratum): keyof typeof SHAPES =>
  stratum === 'large' ? 'large' : stratum.endsWith('medium') ? 'medium' : 'small';
export const isSpread = (stratum: Stratum): boolean => stratum.startsWith('spread');

function makeInputs(stratum: Stratum, dice: Dice): Input[] {
  const shapes = SHAPES[sizeClass(stratum)];
  const first = dice.pick(shapes);
  const count = dice.pick([1, 1, 1, 2, 2, 3]);
  const draw = (shape: number[]): Input => ({
    shape,
    values: numbersOf(
      sizeOf(shape),
      isSpread(stratum)
        ? () => dice.sign() * dice.uniform(0.5, 1.5) * dice.magnitude(-8, 8)
        : () => dice.normal(),
    ),
  });
  const inputs = [draw(first)];
  while (inputs.length < count) {
    const last = first[first.length - 1];
    const choices: number[][] = [first, [], ...(first.length > 0 ? [[last]] : [])];
    if (first.length === 2) choices.push([last, dice.pick([2, 4])]);
    inputs.push(draw(dice.pick(choices)));
  }
  return inputs;
}

/** Brings an input of spread scales to sizes that the ops after it can work with; returns the place of the result. */
function tame(growing: Growing, input: number, dice: Dice): number {
  const { shape, data } = growing.values[input];
  const roll = dice.uniform();
  if (roll < 0.6) {
    const scales = Array.from(data, (v) => Math.fround(Math.abs(v) * dice.magnitude(-0.5, 0.5)));
    return growing.must('div', [input, growing.constant(shape, scales)]);
  }
  if (roll < 0.75) return growing.must('log', [growing.must('abs', [input])]);
  const rows = shape.length > 0 && shape[shape.length - 1] > 1 ? ['layerNorm', 'softmax'] : [];
  return growing.must(
    dice.pick(['tanh', 'sigmoid', 'erf', 'softplus', 'relu', 'elu', 'abs', 'norm', ...rows]),
    [input],
  );
}

function composeOrdinary(stratum: Stratum, dice: Dice): Growing {
  const growing = new Growing(makeInputs(stratum, dice), ORDINARY);
  close(growing, grow(growing, 0, 2 + dice.below(7), dice), dice);
  return growing;
}

/** At spread scales only a point exactly at a kink is thrown away: a small argument is one of the scales. */
const OFF_KINK = 1e-30;

function composeSpread(stratum: Stratum, dice: Dice): Growing {
  const growing = new Growing(makeInputs(stratum, dice), SPREAD, OFF_KINK);
  let at = tame(growing, 0, dice);
  for (let input = 1; input < growing.inputs.length; input++) {
    const other = tame(growing, input, dice);
    at = join(growing, at, other, dice);
  }
  let left = 1 + dice.below(5);
  for (let tries = 0; left > 0;) {
    const next = step(growing, at, dice);
    if (next !== undefined) {
      at = next;
      left--;
    } else if (++tries > 60) throw new Rejected('no op fits');
  }
  close(growing, at, dice);
  return growing;
}

/** A rounded branch is added to, or multiplied with, a smooth one. */
function composeQuantisers(stratum: Stratum, dice: Dice): Growing {
  const growing = new Growing(makeInputs(stratum, dice).slice(0, 1), ORDINARY);
  const k = dice.pick([1, 4, 10, 64, 100, 256, 1000]);
  const before = dice.chance(0.5) ? 0 : growing.must(dice.pick(['sin', 'tanh', 'softplus']), [0]);
  const rounded = growing.must(dice.pick(['quantise', 'floor']), [before], { k });
  const smooth = growing.must(dice.pick(['sin', 'tanh', 'softplus', 'square', 'scale']), [before], { k: 2 });
  const both = growing.must(dice.pick(['add', 'mul']), [smooth, rounded]);
  close(growing, grow(growing, both, dice.below(4), dice), dice);
  return growing;
}

function composeFlat(_: Stratum, dice: Dice): Growing {
  const draw = (shape: number[]): Input => ({ shape, values: numbersOf(sizeOf(shape), () => dice.normal()) });
  const shape = dice.pick([[3], [8], [3, 4], [4, 4], [6, 5]]);
  const part = dice.pick(['x/x', 'bias', 'centred', 'unit', 'relu', 'saturated', 'sum of softmax']);
  const inputs =
    part === 'unit'
      ? [draw(dice.pick([[], [1]])), draw([5])]
      : part === 'bias' || part === 'centred'
        ? [draw(shape), draw([])]
        : [draw(shape)];
  const growing = new Growing(inputs, ORDINARY);
  let at: number;
  switch (part) {
    case 'x/x':
      at = growing.must('div', [0, 0]);
      break;
    case 'bias':
      at = growing.must(dice.pick(['softmax', 'logSoftmax']), [growing.must('add', [0, 1])]);
      break;
    case 'centred': {
      const moved = growing.must('add', [0, 1]);
      at = growing.must('sub', [moved, growing.must('mean', [moved], {})]);
      break;
    }
    case 'unit':
      at = growing.must('div', [0, growing.must('norm', [0], {})]);
      break;
    case 'relu':
      at = growing.must('relu', [
        growing.must('shift', [growing.must('neg', [growing.must('softplus', [0])])], { k: -0.5 }),
      ]);
      break;
    case 'saturated':
      at = growing.must(dice.pick(['tanh', 'sigmoid', 'erf']), [
        growing.must('shift', [growing.must('scale', [0], { k: 3 })], { k: 50 }),
      ]);
      break;
    default:
      at = growing.must('sum', [growing.must('softmax', [0])], { axis: shape.length - 1 });
  }
  // With a branch that is not flat, or without.
  if (part === 'unit' || dice.chance(0.5)) {
    const other = growing.must(dice.pick(['sin', 'tanh', 'square']), [part === 'unit' ? 1 : 0]);
    const sum = growing.must('mean', [other], {});
    at = growing.must(dice.pick(['add', 'mul']), [at, sum]);
  }
  for (let i = dice.below(3); i > 0; i--) at = step(growing, at, dice) ?? at;
  close(growing, at, dice);
  return growing;
}

/** A third of the arguments of an op with a kink lie 1e-6 to 1e-3 beside it. */
function composeKinks(stratum: Stratum, dice: Dice): Growing {
  const growing = new Growing(makeInputs(stratum, dice).slice(0, 1), ORDINARY, 5e-7);
  const before = dice.chance(0.4) ? 0 : grow(growing, 0, 1 + dice.below(2), dice);
  const { shape, data } = growing.values[before];
  const shifts = Array.from(data, (v) =>
    Math.fround(dice.chance(0.35) ? dice.sign() * dice.magnitude(-6, -3) - v : dice.weight()),
  );
  const near = growing.must('add', [before, growing.constant(shape, shifts)]);
  const op = dice.pick(KINKED);
  const bent = growing.must(op, [near], op === 'leakyRelu' ? { k: Math.fround(0.2) } : {});
  close(growing, grow(growing, bent, dice.below(4), dice), dice);
  return growing;
}

function composeOffset(stratum: Stratum, dice: Dice): Growing {
  const growing = composeOrdinary(stratum, dice);
  const bounds: Bounds = { ...ORDINARY, value: 1e9 };
  const moved = new Growing(growing.inputs, bounds);
  moved.nodes.push(...growing.nodes);
  moved.values.splice(0, moved.values.length, ...growing.values);
  moved.must('shift', [moved.values.length - 1], {
    k: Math.fround(dice.sign() * dice.magnitude(3, 7)),
  });
  return moved;
}

export const COMPOSERS: Record<Stratum, (stratum: Stratum, dice: Dice) => Growing> = {
  small: composeOrdinary,
  medium: composeOrdinary,
  large: composeOrdinary,
  spread: composeSpread,
  'spread-medium': composeSpread,
  quantisers: composeQuantisers,
  flat: composeFlat,
  kinks: composeKinks,
  offset: composeOffset,
};
