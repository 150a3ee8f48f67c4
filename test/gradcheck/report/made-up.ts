/** Findings of a check made up by hand. */
import type { Entry, Findings, Pass, Slope } from '../../../src/gradcheck/engine/index.js';

export const slope = (parts: Partial<Slope>): Slope => ({
  kind: 'smooth',
  value: 0,
  errorBar: 0,
  left: 0,
  right: 0,
  scale: 0,
  noise: 0,
  sole: -1,
  t: 1,
  ladder: [],
  ...parts,
});

export const entry = (parts: Partial<Entry>): Entry => ({
  j: 0,
  q: 0,
  numerical: 1,
  autodiff: 1,
  errorBar: 0,
  unit: 1,
  slopes: [slope({ value: 1 }), slope({ value: 1 })],
  state: 'right',
  between: true,
  ...parts,
});

/** One input x [2,2] of a function with two outputs, and two cotangents, of sizes 1 and 4. */
export const passWith = (parts: object = {}): Pass =>
  ({
    subject: {
      precision: 'float64',
      active: [{ index: 3, name: 'x', shape: [2, 2], values: Float64Array.of(1, 2, 3, 4) }],
    },
    order: 1,
    cotangents: [Float64Array.of(2, -0.5), Float64Array.of(8, -2)],
    scales: [1, 4],
    outputs: Float64Array.of(5, 6),
    finite: Int32Array.of(0, 1),
    autodiff: [[Float64Array.of(1, 1, 1, 1)], [Float64Array.of(1, 1, 1, 1)]],
    ...parts,
  }) as unknown as Pass;

export const findings = (entries: Entry[], parts: Partial<Findings> = {}): Findings => ({
  pass: passWith(),
  entries: [entries],
  ...parts,
});

export const projections = (parts: object): Findings['projections'] => ({
  entries: [[]],
  unresolved: [false],
  absolute: [0.25],
  relative: [0.125],
  moreKinks: [false],
  settled: [true],
  resolution: 1e-7,
  ...parts,
});
