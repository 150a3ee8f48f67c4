/**
 * The lanes of the built package: processes of Node, and Chromium where there is one. Oracle: closed forms; what TensorFlow.js
 * 4.22.0 is known to do to a process.
 */
import { afterAll, describe, expect, test } from '@jest/globals';
import { assemble, real, type SweepCase } from '../../../../src/sweep/cases/case.js';
import { call, input } from '../../../../src/sweep/cases/expression.js';
import type {
  LostObservation,
  Observation,
  StageObservation,
  SweepBackend,
} from '../../../../src/sweep/observation/observation.js';
import { chromiumExecutable } from '../../../../src/sweep/run/lanes/chromium.js';
import type { Lane, LaneLimits } from '../../../../src/sweep/run/lanes/lane.js';

// As variables, so that the type check does not want dist/ to be there.
const built = (name: string): string =>
  new URL(`../../../../dist/sweep/run/lanes/${name}.js`, import.meta.url).href;
const { NodeLane } = (await import(built('node-lane'))) as { NodeLane: new (limits: LaneLimits) => Lane };
const { BrowserLane } = (await import(built('browser-lane'))) as {
  BrowserLane: new (limits: LaneLimits) => Lane;
};

const limits: LaneLimits = { timeLimit: 20, memoryLimit: 3072 };
const open: Lane[] = [];
const lane = (kind: new (limits: LaneLimits) => Lane, changes: Partial<LaneLimits> = {}): Lane => {
  const one = new kind({ ...limits, ...changes });
  open.push(one);
  return one;
};
afterAll(() => Promise.all(open.map((one) => one.close())));

const x = input('x');
const square: SweepCase = assemble(
  'test',
  { op: 'square', inputs: { x: real([3]) }, expression: call('square', x) },
  1,
);
/** On cpu its gradient never ends. */
const endless: SweepCase = assemble(
  'test',
  {
    op: 'image.resizeNearestNeighbor',
    inputs: { x: real([1, 1, 1, 1]) },
    expression: call('image.resizeNearestNeighbor', x, [3, 3], true, false),
  },
  1,
);

function expectSquares(observation: Observation, digits: number): void {
  const { forward } = observation as StageObservation;
  const { values } = (forward as { ok: { values: number[] } }).ok;
  square.inputs.x.values.forEach((value, i) => expect(values[i]).toBeCloseTo(value * value, digits));
}

describe('in Node', () => {
  test('double precision and float32 on cpu and on wasm, with and without SIMD', async () => {
    const one = lane(NodeLane);
    expectSquares(await one.observe(square, 'double'), 12);
    for (const stage of ['cpu', 'wasm', 'wasm-nosimd', 'wasm'] as const) {
      expectSquares(await one.observe(square, stage), 5);
    }
  }, 60_000);

  test('what hangs is given up, said where, and the lane goes on', async () => {
    const one = lane(NodeLane);
    const lost = (await one.observe(endless, 'cpu', 2)) as LostObservation;
    expect(lost).toMatchObject({ stage: 'cpu', lost: 'hangs', phase: 'backward' });
    expectSquares(await one.observe(square, 'cpu'), 5);
    // The same on wasm has an end.
    expect(await one.observe(endless, 'wasm')).not.toHaveProperty('lost');
  }, 60_000);

  test('a backend that the machine has not is no finding', async () => {
    const one = lane(NodeLane);
    await expect(one.observe(square, 'webgl')).rejects.toThrow(/webgl/);
  }, 60_000);

  test('a lane that is closed while it works does not wait', async () => {
    const one = lane(NodeLane);
    await one.observe(square, 'cpu');
    const waiting = one.observe(endless, 'cpu');
    await new Promise((resolve) => setTimeout(resolve, 300));
    await one.close();
    await expect(waiting).rejects.toThrow('closed');
  }, 60_000);
});

const chromium = chromiumExecutable();

(chromium ? describe : describe.skip)('in Chromium', () => {
  test('WebGL computes, forward and backward', async () => {
    const one = lane(BrowserLane, { timeLimit: 60 });
    const stage: SweepBackend = 'webgl';
    const observation = (await one.observe(square, stage)) as StageObservation;
    expectSquares(observation, 5);
    expect(observation.backward).toHaveProperty('ok');
    expect(observation.leaks).toEqual({ forward: 0, backward: 0 });
    // And again in the same page; then with a limit that nothing keeps, and on with a new one.
    expectSquares(await one.observe(square, stage), 5);
    expect(await one.observe(square, stage, 0.0001)).toMatchObject({ lost: 'hangs', stage });
    expectSquares(await one.observe(square, stage), 5);
  }, 240_000);
});
