/** Runs in the page: the values, with WebGL's own kernels, and without the fixes once more. */
import * as tf from '@tensorflow/tfjs';
import { applyFixes, fixesIntact, removeFixes } from '../../../src/fixes/public.js';
import { valuesOf } from '../values.js';

async function run(): Promise<{
  backend: string;
  intact: boolean;
  mended: ReturnType<typeof valuesOf>;
  stock: ReturnType<typeof valuesOf>;
}> {
  applyFixes();
  await tf.setBackend('webgl');
  // Small tensors would be left to the cpu kernels.
  tf.env().set('WEBGL_CPU_FORWARD', false);
  const mended = valuesOf();
  const { intact } = fixesIntact();
  removeFixes();
  return { backend: tf.getBackend(), intact, mended, stock: valuesOf() };
}

Object.assign(globalThis, { run });
