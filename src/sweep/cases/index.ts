/** Every case of the sweep, family after family. */
import { arithmetic } from './arithmetic.js';
import { assemble, choicesFrom, hashOf, type Family, type SweepCase } from './case.js';
import { comparisons } from './comparisons.js';
import { convolution } from './convolution.js';
import { cumulative } from './cumulative.js';
import { dtypes } from './dtypes.js';
import { elementwise } from './elementwise.js';
import { fused } from './fused.js';
import { gather } from './gather.js';
import { gradients } from './gradients.js';
import { image } from './image.js';
import { layers } from './layers.js';
import { linearAlgebra } from './linear-algebra.js';
import { losses } from './losses.js';
import { merging } from './merging.js';
import { normalisation } from './normalisation.js';
import { optimizers } from './optimizers.js';
import { pairs } from './pairs.js';
import { pooling } from './pooling.js';
import { reductions } from './reductions.js';
import { shape } from './shape.js';
import { special } from './special.js';
import { spectral } from './spectral.js';
import { twice } from './twice.js';
import { wrappers } from './wrappers.js';

export const families: readonly Family[] = [
  arithmetic,
  elementwise,
  comparisons,
  reductions,
  cumulative,
  shape,
  gather,
  losses,
  linearAlgebra,
  convolution,
  pooling,
  image,
  normalisation,
  spectral,
  fused,
  layers,
  merging,
  wrappers,
  gradients,
  optimizers,
  pairs,
  special,
  twice,
  dtypes,
];

/** The cases of a seed, in the order in which they are run and numbered. */
export function sweepCases(seed: number): SweepCase[] {
  const cases = new Map<string, SweepCase>();
  for (const { name, cases: make } of families) {
    for (const draft of make(choicesFrom(hashOf(`${seed} ${name}`)))) {
      const one = assemble(name, draft, seed);
      if (!cases.has(one.id)) cases.set(one.id, one);
    }
  }
  return [...cases.values()];
}
