/** When numbers agree. */
import type { Stage } from '../observation/observation.js';

/** float32 may be off by so much of the largest entry; entry by entry where they are of very different sizes. */
export const FORWARD_TOLERANCE = 2e-4;
export const BACKWARD_TOLERANCE = 1e-3;
export const ENTRYWISE_TOLERANCE = 2e-3;
/** Inputs and cotangents are of size 1: float32 is off by so much wherever they cancel. */
const FLOOR = 2e-6;
/** What a graphics card's sin and cos may be off by: 2^-11 (Vulkan's and WGSL's tables of precision; GLSL ES leaves it open). */
export const GRAPHICS_FLOOR = 2 ** -11;
export const isGraphics = (stage: Stage): boolean => stage === 'webgl' || stage === 'webgpu';
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
