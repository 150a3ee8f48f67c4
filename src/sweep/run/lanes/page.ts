/** Runs in the browser: stages of cases on WebGL or WebGPU. */
import * as tf from '@tensorflow/tfjs';
import { applyFixes } from '../../../fixes/public.js';
import type { SweepCase } from '../../cases/case.js';
import type { Observation, Phase, SweepBackend } from '../../observation/observation.js';
import { observe } from '../../observation/observe.js';

export interface PageApi {
  /** Makes the backend the current one, with `gradparity/fixes` or without; false where the browser has none. */
  start(backend: SweepBackend, withFixes?: boolean): Promise<boolean>;
  observe(one: SweepCase, backend: SweepBackend): Promise<Observation>;
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
  async observe(one, backend) {
    await api.start(backend);
    const tell = (globalThis as { gradparityPhase?: (phase: Phase) => void }).gradparityPhase;
    return observe(one, backend, (phase) => tell?.(phase));
  },
};
