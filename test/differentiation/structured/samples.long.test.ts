/** Gradients from samples, where every unit has many moves. Oracle: the same differences move by move. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { inFloat64 } from '../../../src/float64/in-float64.js';
import { example, heads, structuredOf, wide, wideNetwork, worstOf } from './drawn-networks.js';

describe('from samples and move by move, where there are many moves', () => {
  const steps = fc.constantFrom(1e-4, 1e-3, 1e-2, 0.1, 0.5, 2);

  test.each(heads)('in doubles: $output, $loss, ε = $epsilon', (head) => {
    fc.assert(
      fc.property(wide, steps, (network, h) =>
        inFloat64(() => {
          const plain = wideNetwork(head, network);
          const sampled = structuredOf(plain, h).gradients;
          expect(worstOf(sampled, structuredOf(plain, h, { kernel: 'tensors' }).gradients)).toBeLessThan(
            1e-9,
          );
        }),
      ),
      { numRuns: 10 },
    );
  });

  test.each(heads)('in float32: $output, $loss, ε = $epsilon', (head) => {
    fc.assert(
      fc.property(wide, steps, (network, h) => {
        const plain = wideNetwork(head, network);
        const sampled = structuredOf(plain, h).gradients;
        expect(worstOf(sampled, structuredOf(plain, h, { kernel: 'tensors' }).gradients)).toBeLessThan(2e-5);
      }),
      { numRuns: 10 },
    );
  });

  test('one sample where the difference bends would not do', () => {
    const plain = wideNetwork(heads[1], { ...example, sizes: [40, 6, 5, 3], scale: 0.3 });
    inFloat64(() => {
      const far = structuredOf(plain, 0.5).gradients;
      const near = structuredOf(plain, 1e-4).gradients;
      expect(worstOf(near, far)).toBeGreaterThan(1e-4);
    });
  });
});
