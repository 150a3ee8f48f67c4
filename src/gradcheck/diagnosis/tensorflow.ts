/** What is known of TensorFlow.js' own gradients, to say whose mistake a check has found. */
import * as tf from '@tensorflow/tfjs';
import { areFixesApplied } from '../../fixes/faulty.js';
import { GradientFailure } from '../engine/failures.js';
import type { Pass } from '../engine/pass.js';
import type { Recording, Step, Subject } from '../engine/subject.js';
import known from './tfjs-faults.json' with { type: 'json' };

/** An op whose gradient is at fault. `npm run faults` makes the list from what the sweep finds. */
interface Fault {
  op: string;
  /** 1: its gradient; 2: its gradient's gradient. */
  order: number;
  kind: string;
  /** `core`, or the backend whose kernel it is. */
  backend: string;
  /** The case in which it shows; without it, in plain ones. */
  when?: string;
  /** `gradparity/fixes` mend it. */
  mended?: boolean;
  finding: string;
}

export const DOCS = 'docs/tfjs-gradients.md';

/** TensorFlow.js and its version, without the patch. */
export const release = (): string => `TensorFlow.js ${versionOf(tf.version['tfjs-core'])}`;

/** Where to read of it, and what mends it. */
const seeAlso = (faults: readonly Fault[]): string =>
  faults.every(({ mended }) => mended) ? `${DOCS}; import 'gradparity/fixes' mends it` : DOCS;

const versionOf = (version: string): string => version.split('.', 2).join('.');

/** Whether the TensorFlow.js in use is the one that the list is of. */
export const isListed = (): boolean => versionOf(tf.version['tfjs-core']) === versionOf(known.tfjs);

/** Conditions in words; and where the tape tells, whether they hold. The others are named for the reader to see. */
const conditions: Record<string, { words: string; holds?: (step: Step) => boolean }> = {
  'to whole numbers': {
    words: 'to whole numbers',
    holds: ({ outputs }) => outputs.some(({ dtype }) => dtype !== 'float32'),
  },
  broadcast: {
    words: 'where an input is broadcast',
    holds: ({ inputs }) => new Set(inputs.map(({ shape }) => shape.join())).size > 1,
  },
  ties: { words: 'at ties' },
  zero: { words: 'at 0' },
  negative: { words: 'for negative numbers' },
  labels: { words: 'by the labels' },
  dilation: { words: 'with dilations' },
  pad: { words: 'with a padding in numbers' },
  numberPad: { words: 'with a padding in numbers' },
  unequal: { words: 'with strides of unequal sizes' },
  'one part': { words: 'into one part' },
};

const wordsOf = ({ when }: Fault): string =>
  when === undefined ? '' : ` ${conditions[when]?.words ?? `with ${when}`}`;

const holds = ({ op, when }: Fault, steps: readonly Step[]): boolean =>
  steps.some((step) => step.op === op && (conditions[when ?? '']?.holds?.(step) ?? true));

/** The faults that there are: with fixes in place, those that they leave. */
const present = (): Fault[] =>
  (known.faults as Fault[]).filter(({ mended = false }) => !(mended && areFixesApplied()));

/** Faults of the ops that f uses, in the direction and on the backend at hand; those of every backend first. */
function faultsIn(
  { steps }: Recording,
  { precision }: Subject,
  order: number,
  fits: (fault: Fault) => boolean,
): Fault[] {
  if (!isListed()) return [];
  // The double-precision backend has kernels of its own: what other backends' do wrong says nothing of it.
  const backends = ['core', ...(precision === 'native' ? [tf.getBackend()] : [])];
  return present()
    .filter((fault) => fault.order === order && backends.includes(fault.backend) && fits(fault))
    .filter((fault) => holds(fault, steps))
    .sort((a, b) => backends.indexOf(a.backend) - backends.indexOf(b.backend));
}

const derivative = (order: number): string => (order === 1 ? 'gradient' : 'second derivative');

const named = (faults: readonly Fault[], order: number): string => {
  const [{ op, backend }] = faults;
  const more = [...new Set(faults.map((fault) => fault.op))].filter((other) => other !== op);
  const where = backend === 'core' ? '' : ` on the backend ${backend}`;
  return `${[op, ...more].join(' and ')}, whose ${derivative(order)} in ${release()} is wrong${more.length > 0 ? '' : wordsOf(faults[0])}${where} (${seeAlso(faults)})`;
};

/**
 * TensorFlow.js' part in a gradient that is wrong: ops of f whose gradient is known to be. Where there are gradients of the user's
 * own as well it is a possibility, and comes after what is said of the mistake's form.
 */
export function knownFaults({ subject, order }: Pass): string | undefined {
  const recording = subject.recording();
  // A tie is a kink: there the gradient is not called wrong.
  const faults = faultsIn(recording, subject, order, ({ kind, when }) => kind === 'wrong' && when !== 'ties');
  if (faults.length === 0) return undefined;
  return recording.custom
    ? `f also uses ${named(faults, order)}: the mistake may be there, or in a gradient function of f's own.`
    : `f uses ${named(faults, order)}.`;
}

/** TensorFlow.js' part in a gradient that is no subgradient at a tie. */
export function knownAtTies({ subject, order }: Pass): string | undefined {
  const recording = subject.recording();
  const faults = faultsIn(recording, subject, order, ({ kind, when }) => kind === 'wrong' && when === 'ties');
  return faults.length === 0 || recording.custom ? undefined : `f uses ${named(faults, order)}.`;
}

/** TensorFlow.js' part in a gradient that cannot be computed. `subject` is f, also where it is f's gradient that fails (order 2). */
export function faultOf({ op }: GradientFailure, subject: Subject, order: 1 | 2): string | undefined {
  if (op === undefined || !isListed()) return undefined;
  const listed = present().filter(
    (fault) => fault.op === op && fault.kind !== 'wrong' && fault.order <= order,
  );
  if (order === 1) {
    return listed.length > 0
      ? `That is a fault of ${release()} (${seeAlso(listed)}), and none of f.`
      : undefined;
  }
  const recording = subject.work(() => recordingOf(subject));
  if (!recording || recording.custom) return undefined;
  const faults = faultsIn(recording, subject, 2, ({ kind }) => kind !== 'wrong');
  if (faults.length === 0) return undefined;
  return `f uses ${faults[0].op}, whose second derivative ${release()} cannot compute (${seeAlso(faults.slice(0, 1))}).`;
}

/** What is recorded of f, unless it cannot be recorded. */
function recordingOf(subject: Subject): Recording | undefined {
  try {
    return subject.recording();
  } catch (error) {
    if (error instanceof GradientFailure) return undefined;
    throw error;
  }
}
