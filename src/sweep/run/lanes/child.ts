/** The process of a lane in Node: runs a stage at a time, as it is told. */
import { Worker } from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs';
import { selectBackend, type BackendName } from '../../../backends/select.js';
import { applyFixes } from '../../../fixes/public.js';
import type { SweepCase } from '../../cases/case.js';
import { isCrash } from '../../judgement/errors.js';
import type { Observation, Phase, Stage } from '../../observation/observation.js';
import { observe } from '../../observation/observe.js';
import { WITH_FIXES } from './lane.js';

export interface ChildRequest {
  one: SweepCase;
  stage: Stage;
}

export type ChildMessage =
  | { kind: 'ready' }
  /** The backend does not run here. */
  | { kind: 'lacks'; error: string }
  | { kind: 'phase'; phase: Phase }
  /** worn: the process is not to be used again, as WebAssembly's memory may be damaged. */
  | { kind: 'done'; observation: Observation; worn: boolean };

/**
 * WebAssembly's memory anew: a kernel that reads where nothing was written would see what earlier cases left there, and the
 * same case be judged differently from run to run.
 */
async function renewWasm(withSimd: boolean): Promise<void> {
  const flag = 'WASM_HAS_SIMD_SUPPORT';
  hasSimd ??= (await tf.env().getAsync(flag)) as boolean;
  tf.env().set(flag, withSimd && hasSimd);
  const factory = tf.findBackendFactory('wasm');
  if (factory === null) return;
  tf.removeBackend('wasm');
  tf.registerBackend('wasm', factory);
}

let hasSimd: boolean | undefined;

/** TensorFlow.js' name of the backend that the stage runs on. */
const backendOf = (stage: Stage): BackendName =>
  stage === 'double' ? 'cpu' : stage === 'wasm-nosimd' ? 'wasm' : (stage as BackendName);

function send(message: ChildMessage): void {
  if (!process.send) throw new Error("This is a child process of the sweep's lane in Node.");
  process.send(message);
}

async function answer({ one, stage }: ChildRequest): Promise<void> {
  try {
    const backend = backendOf(stage);
    if (backend === 'wasm') {
      await import('@tensorflow/tfjs-backend-wasm');
      await renewWasm(stage === 'wasm');
    }
    await selectBackend(backend);
  } catch (error) {
    send({ kind: 'lacks', error: (error as Error).message });
    return;
  }
  const observation = await observe(one, stage, (phase) => send({ kind: 'phase', phase }));
  const errors = [observation.forward, observation.backward].map((outcome) =>
    outcome && 'error' in outcome ? outcome.error : '',
  );
  send({ kind: 'done', observation, worn: errors.some(isCrash) });
}

/** Ends the process when its parent is gone, even from within a kernel that never ends: its thread is one of its own. */
new Worker(
  `const { ppid } = process; setInterval(() => { if (process.ppid !== ppid) process.kill(process.pid, 'SIGKILL'); }, 1000);`,
  { eval: true },
).unref();

if (process.argv.includes(WITH_FIXES)) applyFixes();

process.on('message', (request: ChildRequest) => void answer(request));
process.on('disconnect', () => process.exit());
send({ kind: 'ready' });
