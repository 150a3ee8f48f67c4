/** What errors say: a kernel or a gradient that is missing, a crash, or something else. */
import type { SweepCase } from '../cases/case.js';
import {
  REFUSED,
  UNKNOWN_TENSOR,
  type DoubleObservation,
  type Outcome,
  type SweepBackend,
} from '../observation/observation.js';
import { hitOf, observed, type Direction, type FindingKind, type Hit } from './hit.js';
import { suspectOf } from './situation.js';

export const missingKernel = (message: string): string | undefined =>
  /Kernel '(.+?)' not registered for backend/.exec(message)?.[1] ??
  /^(\w+) has no kernel on/.exec(message)?.[1];
export const missingGradient = (message: string): string | undefined =>
  /gradient function not found for (.+?)\.?$/m.exec(message)?.[1] ??
  /^(\w+) has no gradient in TensorFlow\.js/.exec(message)?.[1];

/** Errors that say themselves that TensorFlow.js does not do this. */
const refuses =
  /not (?:yet |currently )?(?:supported|implemented)|not support |only supports|supports only|only .{1,20} is currently supported/i;

/** WebAssembly's traps. */
export const isCrash = (message: string): boolean =>
  /memory access out of bounds|unreachable|table index is out of bounds|null function or function signature|Aborted\(/.test(
    message,
  );

/** The first line; of libtensorflow's errors what follows the status too. A layer's name that TensorFlow.js has made is that of the first of its class. */
export const firstWords = (error: string): string =>
  (
    /^Invalid TF_Status: \d+\nMessage: .*/.exec(error)?.[0].replace('\n', ' ') ?? error.split('\n')[0]
  ).replace(/\b([a-z\d_]+_[A-Z][A-Za-z\d]*?)\d+\b/g, '$11');

/** An error's words without its numbers, shapes and names: the same wherever the same line throws. */
function faultOf(error: string): string {
  const shapeOf = /The gradient of input '(.*?)' has shape/.exec(error)?.[1];
  if (shapeOf !== undefined) return `shape of ${shapeOf}`;
  return firstWords(error)
    .replace(REFUSED, '')
    .replace(/^Error in gradient (?:of|for) [^.:]*[.:]\s*|^Invalid TF_Status: \d+ Message: /, '')
    .replace(/\([^)]*\d[^)]*\)|\[[^\]]*\]|'[\d,]*'/g, ' ')
    .split(/[^A-Za-z]+/)
    .filter((word) => word.length > 1)
    .slice(0, 8)
    .join(' ');
}

/** What the cpu backend says of it, where the double-precision backend has words of its own. */
export const asOnCpu = (error: string, onCpu: Outcome<unknown> | undefined): string =>
  error.includes(UNKNOWN_TENSOR) && onCpu && 'error' in onCpu ? onCpu.error : error;

export function errorHit(
  one: SweepCase,
  backend: SweepBackend | 'core',
  direction: Direction,
  error: string,
  { discrete, kernels }: DoubleObservation,
): Hit {
  const got = firstWords(error);
  const expected = direction === 'forward' ? 'values' : 'a gradient';
  const kernel = missingKernel(error);
  if (kernel) {
    const owner = backend === 'core' ? 'cpu' : backend;
    return hitOf(one, {
      kind: 'kernel missing',
      backend: owner,
      direction,
      fault: kernel,
      culprit: kernel,
      message: `The ${owner} backend has no kernel ${kernel}.`,
      got,
      expected,
      witness: observed('the error'),
    });
  }
  if (error.startsWith(REFUSED)) {
    const what = direction === 'forward' ? 'values' : 'gradient';
    return hitOf(one, {
      kind: 'kernel',
      backend,
      direction,
      fault: faultOf(error),
      culprit: suspectOf(direction === 'forward' ? kernels.forward : kernels.backward),
      message: `WebGPU refuses the ${backend} backend's shader, which TensorFlow.js does not notice: its ${what} ${direction === 'forward' ? 'are' : 'is'} what was in the memory.`,
      got,
      expected,
      witness: observed('what WebGPU says'),
    });
  }
  const op = missingGradient(error);
  const kind: FindingKind =
    op && !discrete.includes(op)
      ? 'no gradient'
      : isCrash(error)
        ? 'crashes'
        : refuses.test(error)
          ? 'limitation'
          : 'throws';
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
    culprit:
      op ??
      /^Error in gradient for op (\w+)/.exec(error)?.[1]?.replace(/__op$/, '') ??
      (kind === 'crashes'
        ? suspectOf(direction === 'forward' ? kernels.forward : kernels.backward)
        : undefined),
    // All comparisons lack their gradient alike.
    ...(op ? kind === 'no gradient' && { fault: op } : kind !== 'crashes' && { fault: faultOf(error) }),
    message:
      kind === 'no gradient'
        ? `${op} has no gradient registered.`
        : op
          ? `${what} throws: it asks for a gradient of ${op}, which has none and needs none.`
          : `${what} ${kind === 'crashes' ? 'crashes' : kind === 'limitation' ? 'is refused' : 'throws'} ${backend === 'core' ? "in TensorFlow.js' core" : `on the ${backend} backend`}.`,
    got,
    expected,
    witness: observed('the error'),
  });
}
