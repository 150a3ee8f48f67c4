/** When numbers agree. */
import type { SweepCase } from '../cases/case.js';
import type { Stage } from '../observation/observation.js';

/** float32 may be off by so much of the largest entry; entry by entry where they are of very different sizes. */
export const FORWARD_TOLERANCE = 2e-4;
export const BACKWARD_TOLERANCE = 1e-3;
export const ENTRYWISE_TOLERANCE = 2e-3;
/** Inputs and cotangents are of size 1: float32 is off by so much wherever they cancel. */
const FLOOR = 2e-6;
/** What a graphics card's sin and cos may be off by: 2^-11 (Vulkan's and WGSL's tables of precision; GLSL ES leaves it open). */
export const GRAPHICS_FLOOR = 2 ** -11;
/** What is left in float32 of the difference of two ways of computing the same numbers, some of them larger than 1. */
export const PAIR_FLOOR = 5e-5;
export const isGraphics = (stage: Stage): boolean => stage === 'webgl' || stage === 'webgpu';
/** What numbers near 0 may be off by on the stage; undefined for what float32 is off by in any case. */
export const floorOf = ({ pair }: SweepCase, stage?: Stage): number | undefined =>
  stage !== undefined && isGraphics(stage) ? GRAPHICS_FLOOR * (pair ? 4 : 1) : pair ? PAIR_FLOOR : undefined;
/** Two computations in double precision. */
export const DOUBLE_TOLERANCE = 1e-6;
/** Inputs and cotangents are of size 1: what double precision leaves where equal numbers cancel. */
export const DOUBLE_FLOOR = 2 ** -44;

/** Whether numbers agree, as far as the tolerance and the differences' own error bars go. NaN agrees with NaN alone. */
export function agree(
  got: readonly number[],
  wanted: readonly number[],
  tolerance: number,
  entrywise: boolean,
  bars?: readonly number[],
  floor = entrywise ? 1e-30 : FLOOR,
): boolean {
  if (got.length !== wanted.length) return false;
  const largest = wanted.reduce(
    (most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most),
    0,
  );
  return wanted.every((value, i) => {
    if (Object.is(value, got[i]) || value === got[i]) return true;
    if (!Number.isFinite(value)) return false;
    const scale = entrywise ? Math.abs(value) : largest;
    return Math.abs(got[i] - value) <= tolerance * scale + 3 * (bars?.[i] ?? 0) + floor;
  });
}
