/**
 * Two ways of computing the same: fused and in parts, layer and core, batch and example by example, a special function and the
 * general one. Their difference is 0, and so is its gradient.
 */
import type { CaseDraft, Family } from './case.js';
import { batchAndLoop } from './pairs/batches.js';
import { onceAndTwice } from './pairs/calls.js';
import { elementwise } from './pairs/elementwise.js';
import { fusedAndInParts } from './pairs/fused.js';
import { layerAndCore } from './pairs/layers.js';
import { linear } from './pairs/linear.js';
import { losses } from './pairs/losses.js';
import { normalisations } from './pairs/normalisations.js';
import { norms } from './pairs/norms.js';
import { pair } from './pairs/pair.js';
import { shapes } from './pairs/shapes.js';
import { transposedConvolution, windows } from './pairs/windows.js';

export const pairs: Family = {
  name: 'pairs',
  *cases(): Iterable<CaseDraft> {
    yield* fusedAndInParts();
    yield* layerAndCore();
    yield* batchAndLoop();
    yield* windows();
    yield* norms();
    for (const row of [...elementwise, ...linear, ...shapes, ...normalisations, ...losses])
      yield pair(...row);
    yield* onceAndTwice();
    yield* transposedConvolution();
  },
};
