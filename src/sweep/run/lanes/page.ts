/** Runs in the browser: stages of cases on WebGL or WebGPU. */
import * as tf from '@tensorflow/tfjs';
import { applyFixes } from '../../../fixes/public.js';
import type { SweepCase } from '../../cases/case.js';
import { REFUSED, type Observation, type Phase, type SweepBackend } from '../../observation/observation.js';
import { observe } from '../../observation/observe.js';

export interface PageApi {
  /** Makes the backend the current one, with `gradparity/fixes` or without; false where the browser has none. */
  start(backend: SweepBackend, withFixes?: boolean): Promise<boolean>;
  /** @param afresh without what earlier cases have left: shaders that were compiled for other shapes, buffers with their numbers */
  observe(one: SweepCase, backend: SweepBackend, afresh?: boolean): Promise<Observation>;
}

/** The part of a WebGPU device that says what it refused. */
interface Device {
  pushErrorScope(filter: 'validation'): void;
  popErrorScope(): Promise<{ message: string } | null>;
}

/** A shader that does not compile is only told on the console: here it is an error. */
async function whereAllowed<T>(f: () => Promise<T>): Promise<T> {
  const { device } = tf.backend() as unknown as { device?: Device };
  device?.pushErrorScope('validation');
  let refusal: { message: string } | null | undefined;
  let result: T;
  try {
    result = await f();
  } finally {
    refusal = await device?.popErrorScope();
  }
  if (refusal) throw new Error(`${REFUSED}${refusal.message}`);
  return result;
}

function renew(backend: SweepBackend): void {
  const factory = tf.findBackendFactory(backend);
  if (factory === null) return;
  tf.removeBackend(backend);
  tf.registerBackend(backend, factory);
}

export const api: PageApi = {
  async start(backend, withFixes = false) {
    if (withFixes) applyFixes();
    // The WebGL backend leaves small tensors to the cpu kernels, which are judged for themselves.
    if (backend === 'webgl') tf.env().set('WEBGL_CPU_FORWARD', false);
    if (backend === 'webgpu') tf.env().set('WEBGPU_CPU_FORWARD', false);
    const started = tf.getBackend() === backend || (await tf.setBackend(backend).catch(() => false));
    if (started) await tf.ready();
    return started && tf.getBackend() === backend;
  },
  async observe(one, backend, afresh = false) {
    if (afresh) renew(backend);
    await api.start(backend);
    const tell = (globalThis as { gradparityPhase?: (phase: Phase) => void }).gradparityPhase;
    return observe(one, backend, (phase) => tell?.(phase), whereAllowed);
  },
};
