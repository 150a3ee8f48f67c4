/** What errors say: a kernel or a gradient that is missing, a crash, or something else. */
import type { SweepCase } from '../cases/case.js';
import type { DoubleObservation, SweepBackend } from '../observation/observation.js';
import { hitOf, observed, type Direction, type FindingKind, type Hit } from './hit.js';

export const missingKernel = (message: string): string | undefined =>
  /Kernel '(.+?)' not registered for backend/.exec(message)?.[1] ??
  /^(\w+) has no kernel on/.exec(message)?.[1];
export const missingGradient = (message: string): string | undefined =>
  /gradient function not found for (.+?)\.?$/m.exec(message)?.[1] ??
  /^(\w+) has no gradient in TensorFlow\.js/.exec(message)?.[1];

/** WebAssembly's traps. */
export const isCrash = (message: string): boolean =>
  /memory access out of bounds|unreachable|table index is out of bounds|null function or function signature|Aborted\(/.test(
    message,
  );

export function errorHit(
  one: SweepCase,
  backend: SweepBackend | 'core',
  direction: Direction,
  error: string,
  { discrete }: DoubleObservation,
): Hit {
  const got = error.split('\n')[0];
  const expected = direction === 'forward' ? 'values' : 'a gradient';
  const kernel = missingKernel(error);
  if (kernel) {
    const owner = backend === 'core' ? 'cpu' : backend;
    return hitOf(one, {
      kind: 'kernel missing',
      backend: owner,
      direction,
      message: `The ${owner} backend has no kernel ${kernel}.`,
      got,
      expected,
      witness: observed('the error'),
    });
  }
  const op = missingGradient(error);
  const kind: FindingKind =
    op && !discrete.includes(op) ? 'no gradient' : isCrash(error) ? 'crashes' : 'throws';
  const what =
    direction === 'second order'
      ? "The gradient's gradient"
      : direction === 'forward'
        ? 'The op'
        : 'The gradient';
  return hitOf(one, {
    kind,
    backend,
    direction,
    message:
      kind === 'no gradient'
        ? `${op} has no gradient registered.`
        : op
          ? `${what} throws: it asks for a gradient of ${op}, which has none and needs none.`
          : `${what} ${kind === 'crashes' ? 'crashes' : 'throws'} on ${backend === 'core' ? 'every backend' : `the ${backend} backend`}.`,
    got,
    expected,
    witness: observed('the error'),
  });
}
