/**
 * Whether a gradient that stands under a name of TensorFlow.js' own is TensorFlow.js' own, or one that a user has put there before. Nothing in the
 * registry tells. But a gradient function that meets an input that can't be looked at throws, and the error knows the file it was called in: those
 * of TensorFlow.js are all in one file, or in one folder. In a bundle of everything in one file they can't be told apart.
 */
import * as tf from '@tensorflow/tfjs';

class Looked extends Error {}

/** An input that throws wherever it is looked at. */
const closed = new Proxy(() => {}, {
  get: () => {
    throw new Looked();
  },
  has: () => {
    throw new Looked();
  },
  getPrototypeOf: () => {
    throw new Looked();
  },
}) as unknown as tf.Tensor & tf.Tensor[];

const placeOf = (frame: string): string | undefined => /([^\s()@]+):\d+:\d+\)?$/.exec(frame.trim())?.[1];

const placesOf = (error: Error): string[] =>
  (error.stack ?? '').split('\n').flatMap((frame) => placeOf(frame) ?? []);

/** Calls f, and tells the place of the code that f itself is in, where it looks at what it is given. */
function placeIn(f: () => unknown): { place?: string; result?: unknown } {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 60;
  try {
    const here = placesOf(new Error()).length;
    try {
      return { result: f() };
    } catch (error) {
      if (!(error instanceof Looked)) return {};
      const places = placesOf(error);
      // Below f there are this function's own frames: its two for the call, and its callers'.
      return { place: places[places.length - here - 2] };
    }
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** The folder of the file that a gradient function is in; undefined where it does not look at what it is given. */
function folderOf({ gradFunc }: tf.GradConfig): string | undefined {
  const folder = (place: string | undefined): string | undefined => place?.replace(/[^/\\]*$/, '');
  const { place, result } = placeIn(() => gradFunc(closed, closed, closed as unknown as tf.NamedAttrMap));
  if (place !== undefined || typeof result !== 'object' || result === null) return folder(place);
  const [first] = Object.values(result) as (() => unknown)[];
  if (typeof first !== 'function') return undefined;
  const made = placeIn(() => first());
  if (made.result instanceof tf.Tensor) made.result.dispose();
  return folder(made.place);
}

const folders = new WeakMap<tf.GradConfig, { folder?: string }>();

/** The same, found once. */
function knownFolderOf(config: tf.GradConfig): string | undefined {
  let found = folders.get(config);
  if (!found) folders.set(config, (found = { folder: folderOf(config) }));
  return found.folder;
}

/** Gradients that nothing is wrong with, so that nobody puts others in their place. */
const KNOWN = ['Sin', 'Cos', 'Log', 'Sqrt', 'Square', 'Atan'];

/** A function that tells whether a gradient is TensorFlow.js' own. */
export function stockTeller(
  gradientOf: (name: string) => tf.GradConfig | undefined,
): (config: tf.GradConfig) => boolean {
  const own = new Set(
    KNOWN.flatMap((name) => {
      const config = gradientOf(name);
      return (config && knownFolderOf(config)) ?? [];
    }),
  );
  // Where errors have no places nothing can be told.
  return (config) => own.size === 0 || own.has(knownFolderOf(config) ?? '');
}
