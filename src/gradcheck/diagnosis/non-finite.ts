/** A gradient that is NaN or infinite, and the op that made it so. */
import * as tf from '@tensorflow/tfjs';
import { coordinateOf } from '../engine/inputs.js';
import type { Entry } from '../engine/judge.js';
import { split, type Pass } from '../engine/pass.js';
import { engine } from '../../float64/engine.js';
import { observingKernels } from '../../float64/in-float64.js';

/** Where the gradient is not finite, and which op made the first such number. `broken` are entries where it is not. */
export function nonFinite(pass: Pass, input: number, broken: readonly Entry[]): string {
  const { subject, cotangents } = pass;
  const { shape, values } = subject.active[input];
  const [{ j, slopes }] = broken;
  const [value] = pass.autodiff
    .map((gradients) => gradients[input][j])
    .filter((entry) => !Number.isFinite(entry));
  const count = pass.autodiff[0][input].filter((entry) => !Number.isFinite(entry)).length;
  const kink = slopes.some(({ kind }) => kind === 'kink' || kind === 'singular');
  const fact = `the gradient is ${value} at [${coordinateOf(j, shape).join(',')}], where the input is ${values[j]}${kink ? ' and f has a kink' : ''}${count > 1 ? `, and not finite at ${count - 1} more` : ''}.${kink ? ' A value between the one-sided slopes is wanted there.' : ''}`;

  let infinite: string | undefined;
  let nan: string | undefined;
  observingKernels(
    (name, inputs, outputs) => {
      if (infinite && nan) return;
      const where = `${name} in the ${subject.forward ? 'forward' : 'backward'} pass`;
      const read = ({ dataId, dtype }: tf.TensorInfo): number[] =>
        dtype === 'float32' ? Array.from(engine().readSync(dataId) as Float32Array) : [];
      const results = outputs.flatMap(read);
      if (results.every(Number.isFinite)) return;
      const given = Object.values(inputs).flatMap((info) => (info ? [info].flat().flatMap(read) : []));
      if (!infinite && given.every(Number.isFinite)) infinite = where;
      if (!nan && results.some(Number.isNaN) && !given.some(Number.isNaN)) nan = where;
    },
    () => void subject.vjp(split(cotangents[0], subject.outputShapes)),
  );
  const first = infinite ? ` The first number that is not finite is made by ${infinite}` : '';
  const second =
    nan && nan !== infinite ? (first ? `; the first NaN by ${nan}` : ` The first NaN is made by ${nan}`) : '';
  return fact + first + second + (first || second ? '.' : '');
}
