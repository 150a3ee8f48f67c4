/** Logic gates from threshold logic units: AND, NAND and OR take one, XOR two layers. */
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../errors.js';
import { type TensorInput } from '../functions/arguments.js';
import { ThresholdLogicUnit } from './threshold-logic-unit.js';

/** The layers of a gate, the input's first; each is a list of units. */
export type GateLayers = readonly (readonly ThresholdLogicUnit[])[];

/** A gate of two inputs: call it with 0 and 1, or give `predict` tensors. */
export interface LogicGate {
  (x1: number, x2: number): 0 | 1;
  /** The units, the input's layer first; each unit sees every output of the layer below. */
  readonly layers: GateLayers;
  /** As `ThresholdLogicUnit.predict`: [2] → scalar, [N, 2] → [N]. Numbers other than 0 and 1 are points of the plane. */
  predict(x: TensorInput): tf.Tensor;
}

/** A gate that is a single unit. */
export interface SingleUnitGate extends LogicGate {
  readonly unit: ThresholdLogicUnit;
}

/** `x1 AND x2 = 0.5·x1 + 0.5·x2 > 0.7`. Source: Saito, §2.3. */
export const and = singleUnitGate('and', new ThresholdLogicUnit({ weights: [0.5, 0.5], threshold: 0.7 }));

/** `NOT (x1 AND x2) = -0.5·x1 - 0.5·x2 > -0.7`: AND with every sign turned. Source: Saito, §2.3. */
export const nand = singleUnitGate(
  'nand',
  new ThresholdLogicUnit({ weights: [-0.5, -0.5], threshold: -0.7 }),
);

/** `x1 OR x2 = 0.5·x1 + 0.5·x2 > 0.2`. Source: Saito, §2.3. */
export const or = singleUnitGate('or', new ThresholdLogicUnit({ weights: [0.5, 0.5], threshold: 0.2 }));

/**
 * `x1 XOR x2 = and(nand(x1, x2), or(x1, x2))`: two lines cut out the strip between them, which no single line can.
 *
 * For a single unit would need `b ≤ 0`, `w1 + b > 0`, `w2 + b > 0` and `w1 + w2 + b ≤ 0`. The middle two add up to
 * `w1 + w2 + 2b > 0`, so `w1 + w2 + b > -b ≥ 0`, against the last.
 * Source: Saito, §2.4 and §2.5; Minsky and Papert, "Perceptrons" (1969).
 */
export const xor = gate('xor', [[nand.unit, or.unit], [and.unit]]);

function singleUnitGate(name: string, unit: ThresholdLogicUnit): SingleUnitGate {
  return Object.assign(gate(name, [[unit]]), { unit });
}

function gate(name: string, layers: GateLayers): LogicGate {
  const predict = (x: TensorInput) => forward(layers, x);
  const evaluate = (x1: number, x2: number): 0 | 1 => {
    for (const x of [x1, x2]) {
      if (x !== 0 && x !== 1) {
        throw new InputError(
          `${name}: inputs must be 0 or 1, got ${x}. For other numbers use ${name}.predict.`,
        );
      }
    }
    return tf.tidy(() => predict([x1, x2]).dataSync()[0] as 0 | 1);
  };
  return Object.assign(evaluate, { layers, predict });
}

/** Each layer's outputs side by side are the next layer's inputs; the last layer has one unit. */
function forward(layers: GateLayers, x: TensorInput): tf.Tensor {
  return tf.tidy(() => {
    const outputs = layers.reduce<TensorInput>(
      (inputs, units) =>
        tf.stack(
          units.map((unit) => unit.predict(inputs)),
          -1,
        ),
      x,
    );
    return tf.squeeze(outputs, [-1]);
  });
}
