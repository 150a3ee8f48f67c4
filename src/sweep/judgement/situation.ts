/** All that is known of a case when it is judged. */
import type { SweepCase } from '../cases/case.js';
import type { DoubleObservation, StageObservation } from '../observation/observation.js';
import type { Hit, Witness } from './hit.js';

/** What another library computes for the case: flat numbers; of the gradients null where there is none. */
export interface Oracle {
  by: string;
  /** No function of its own, but put together of others, and confirmed by its own values. */
  composed?: boolean;
  forward: readonly number[];
  shape?: readonly number[];
  gradients: Readonly<Record<string, readonly number[] | null>>;
  second?: Readonly<Record<string, readonly number[] | null>>;
}

export interface Situation {
  one: SweepCase;
  names: string[];
  double: DoubleObservation;
  backends: StageObservation[];
  oracle?: Oracle;
  hits: Hit[];
}

export const witnessOf = ({ by, composed }: Oracle): Witness => ({
  kind: 'another library',
  by: composed ? `composed in ${by}` : by,
});

/** Of a pair: the other way of computing the same. */
export const TWO_WAYS: Witness = {
  kind: 'closed form',
  by: 'closed form: two ways of computing the same differ by 0',
};

/** Kernels that do more than a line of arithmetic an entry, or move entries. */
const plain =
  /^(Abs|Add|Acosh?|AddN|All|Any|Asinh?|Atanh?|Bitwise.*|Cast|Ceil|ClipByValue|Complex|ComplexAbs|Concat|Cosh?|Exp|ExpandDims|Expm1|Fill|Floor|Identity|Imag|Is.*|LeakyRelu|Log|Log1p|Logical.*|Max|Min|Neg|OnesLike|Pack|PadV2|Prelu|Real|Reciprocal|Relu6?|Reshape|Reverse|Round|Rsqrt|Select|Sigmoid|Sign|Sinh?|Slice|Softmax|SplitV|Sqrt|Square|Step|Tanh?|Tile|Unpack|ZerosLike)$/;

/** The kernel among these that is most likely to be at fault, where it is one: the one that is no simple one. */
export function suspectOf(ran: readonly string[]): string | undefined {
  const suspects = ran.filter((name) => !plain.test(name));
  const chosen =
    suspects.length > 0
      ? suspects
      : ran.filter((name) => !/^(Cast|Reshape|Identity|Fill|Transpose)$/.test(name));
  return chosen.length === 1 ? chosen[0] : undefined;
}

/** Kernels of the cpu backend that are no simple ones, and whose values TensorFlow has confirmed in all cases of their own op. */
const confirmed = /^CropAndResize$/;

/** Whether one of the kernels that ran is the cpu backend's own and might be wrong. */
export const intricate = (stock: readonly string[], ran: readonly string[]): boolean =>
  ran.some((name) => stock.includes(name) && !plain.test(name) && !confirmed.test(name));
