/** Checks what the page sends, away from the page: what never ends is ended by ending the worker. */
import * as tf from '@tensorflow/tfjs';
import * as gradparity from '../../../dist/index.js';
import * as fixes from 'virtual:fixes';
import { calibrate, CodeError, evaluate, lineOf, messageOf } from './compile.ts';
import type { Answer, Job } from './messages.ts';

const send = (answer: Answer): void => postMessage(answer);

const ready = (async () => {
  await tf.setBackend('cpu');
  await calibrate();
  fixes.remove();
  send({ kind: 'ready' });
})();

/** As `import` finds it: sucrase looks at __esModule. */
const moduleOf = (names: object): object => ({ __esModule: true, ...names });

/** What is printed, at most so many lines of it. */
const MOST_LINES = 200;

async function check({ code, order, withFixes }: Job): Promise<void> {
  let printed = 0;
  const print = (...values: unknown[]): void => {
    printed += 1;
    if (printed <= MOST_LINES) send({ kind: 'printed', line: values.map(shown).join(' ') });
  };
  const turnOn = (): object => {
    fixes.apply();
    return moduleOf(fixes);
  };
  const modules = {
    '@tensorflow/tfjs': () => moduleOf({ ...tf, default: tf }),
    '@tensorflow/tfjs-core': () => moduleOf({ ...tf, default: tf }),
    gradparity: () => moduleOf(gradparity),
    'gradparity/fixes': turnOn,
    'gradparity/fixes/tape': turnOn,
  };
  const scope = {
    tf,
    gradparity,
    console: { ...console, log: print, info: print, warn: print, error: print },
  };
  if (withFixes) fixes.apply();
  else fixes.remove();
  try {
    const { f, inputs, options } = await evaluate(code, modules, scope);
    const report = await gradparity.gradcheck(
      f as gradparity.CheckedFunction,
      inputs as gradparity.CheckedInputs,
      { ...options, ...(order === 2 && { order }), details: true },
    );
    send({ kind: 'report', report });
  } catch (error) {
    const { kind, line, message } =
      error instanceof CodeError
        ? error
        : { kind: 'check' as const, line: lineOf(error), message: messageOf(error) };
    send({ kind: 'failed', failure: kind, line, message });
  }
}

function shown(value: unknown): string {
  if (value instanceof tf.Tensor) return value.toString();
  if (ArrayBuffer.isView(value)) return Array.from(value as Float64Array).join(' ');
  if (typeof value === 'object' && value !== null) {
    try {
      return JSON.stringify(value);
    } catch {
      return String(value);
    }
  }
  return String(value);
}

addEventListener('message', ({ data }: MessageEvent<Job>) => {
  void ready.then(() => check(data));
});
