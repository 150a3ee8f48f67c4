/** Limits and extremes that keep NaN, on a memory of their own. Oracle: Math's, number by number. */
import { describe, expect, test } from '@jest/globals';
import { simdOn, type Simd } from '../../../src/fixes/kernels/simd.js';

const SPECIAL = [NaN, 1, -1, -0, Infinity, -Infinity, 6, 5.5, 0, -7.25, NaN, 7];
const UNTOUCHED = 12345;

/** Offsets of 4 bytes more than a multiple of 16: TensorFlow.js' tensors begin anywhere. */
const [A, B, TO] = [4, 2052, 4100];

/** Of 0 and -0 either may be the larger. */
const plain = (values: Float32Array): number[] => Array.from(values, (value) => value + 0);

function withMemory(memory: WebAssembly.Memory): { simd: Simd; at: (offset: number) => Float32Array } {
  const simd = simdOn(memory);
  if (!simd) throw new Error('This Node has no vectors.');
  return { simd, at: (offset) => new Float32Array(memory.buffer, offset, 400) };
}

const memories: [string, () => WebAssembly.Memory][] = [
  ['a memory', () => new WebAssembly.Memory({ initial: 1 })],
  ['a memory that threads share', () => new WebAssembly.Memory({ initial: 1, maximum: 4, shared: true })],
];

describe.each(memories)('%s', (_, memory) => {
  const { simd, at } = withMemory(memory());
  // All pairs of special numbers, and lengths that leave a rest of 0 to 3.
  const lengths = [0, 1, 2, 3, 4, 5, 143, 144];
  const a = Float32Array.from({ length: 144 }, (__, i) => SPECIAL[i % 12]);
  const b = Float32Array.from({ length: 144 }, (__, i) => SPECIAL[Math.floor(i / 12)]);

  const run = (length: number, f: () => void): Float32Array => {
    at(A).set(a);
    at(B).set(b);
    at(TO).fill(UNTOUCHED);
    f();
    expect(at(TO)[length]).toBe(UNTOUCHED);
    return at(TO).slice(0, length);
  };

  test.each(lengths)('%d numbers', (length) => {
    const x = Array.from(a.subarray(0, length));
    expect(plain(run(length, () => simd.maximum(A, B, TO, length)))).toEqual(
      x.map((v, i) => Math.max(v, b[i]) + 0),
    );
    expect(plain(run(length, () => simd.minimum(A, B, TO, length)))).toEqual(
      x.map((v, i) => Math.min(v, b[i]) + 0),
    );
    expect(run(length, () => simd.clamp(A, TO, length, -2.5, 6, -0))).toEqual(
      Float32Array.from(x, (v) => Math.min(Math.max(v, -2.5), 6)),
    );
    // -0 becomes the limit 0, as TensorFlow.js has it.
    expect(run(length, () => simd.clamp(A, TO, length, 0, 6, 0))).toEqual(
      Float32Array.from(x, (v) => (v <= 0 ? 0 : v >= 6 ? 6 : v)),
    );
  });

  test.each(lengths)('a NaN at any of %d places, and none', (length) => {
    at(A).fill(1).fill(NaN, length);
    expect(simd.anyNaN(A, length)).toBe(0);
    at(A)[0] = Infinity;
    at(A)[1] = -Infinity;
    expect(simd.anyNaN(A, Math.min(length, 2))).toBe(0);
    for (let place = 0; place < length; place++) {
      at(A).fill(1);
      at(A)[place] = NaN;
      expect(simd.anyNaN(A, length)).toBe(1);
    }
  });
});

test('a memory is given one module', () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  expect(simdOn(memory)).toBe(simdOn(memory));
});
