/** The engine's door: whether a gradient is right, entry by entry or by projections. */
export { drive, examine, FULL_LIMIT, type Findings } from './examine.js';
export { DIRECTIONS, type Projections } from './fast.js';
export { compareEntry, largestOf, type Blindness, type Entry, type Memory } from './judge.js';
export {
  closePass,
  concat,
  coordinateLine,
  directionLine,
  nonFinitePlaces,
  openForward,
  openPass,
  split,
  type Direction,
  type Pass,
} from './pass.js';
export { inputList } from './inputs.js';
export { gradientOf } from './second-order.js';
export { slopeFrom, ladderOf, type Slope } from './slope.js';
export {
  coordinateOf,
  forgetTape,
  GradientFailure,
  Subject,
  type ActiveInput,
  type CheckedFunction,
  type CheckedInputs,
  type Input,
  type Numbers,
} from './subject.js';
export { tolerances, type Tolerance } from './tolerance.js';
