/** Weights in fewer bits, as TensorFlow.js' weights manifest describes them. */
import type { io } from '@tensorflow/tfjs';
import { sizeOf } from '../shapes.js';

export const QUANTIZATIONS = ['uint8', 'uint16', 'float16'] as const;
/** The types that a weight can be saved in to take less room. */
export type Quantization = (typeof QUANTIZATIONS)[number];

/**
 * The float32 weights in `bytes` in another type, with their entries of the manifest: `value = scale · q + min` for the whole numbers, between
 * each weight's own least and largest value; float16 rounds to the nearest, ties to even.
 */
export function quantized(
  bytes: Uint8Array,
  specs: readonly io.WeightsManifestEntry[],
  dtype: Quantization,
): { bytes: Uint8Array; specs: io.WeightsManifestEntry[] } {
  const all = new Float32Array(bytes.slice().buffer);
  const parts: Uint8Array[] = [];
  let at = 0;
  const entries = specs.map((spec) => {
    const values = all.subarray(at, (at += sizeOf(spec.shape)));
    if (dtype === 'float16') {
      parts.push(bytesOf(Uint16Array.from(values, toFloat16)));
      return {
        ...spec,
        quantization: { dtype, original_dtype: 'float32' } as io.WeightsManifestEntry['quantization'],
      };
    }
    const min = values.reduce((a, b) => Math.min(a, b), Infinity);
    const most = dtype === 'uint8' ? 255 : 65535;
    const scale = (values.reduce((a, b) => Math.max(a, b), -Infinity) - min) / most || 1;
    const steps = values.map((value) => Math.round((value - min) / scale));
    parts.push(dtype === 'uint8' ? Uint8Array.from(steps) : bytesOf(Uint16Array.from(steps)));
    return { ...spec, quantization: { dtype, scale, min } };
  });
  return { bytes: Buffer.concat(parts), specs: entries };
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Uint16Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** The bits of the float16 nearest to a float32; beyond its range infinite. */
export function toFloat16(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  // The largest is 65504; half of its last place above it is rounded to infinity.
  if (size >= 65520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(size || 2 ** -30)));
  // Math.log2 may be off at powers of 2; the bits then come out right all the same, as 1024 of one exponent are 0 of the next.
  const steps = size / 2 ** (exponent - 10);
  const floor = Math.floor(steps);
  const rest = steps - floor;
  const rounded = floor + Number(rest > 0.5 || (rest === 0.5 && floor % 2 === 1));
  return sign | (rounded + (exponent + 14) * 1024);
}
