/**
 * Methods of TensorFlow.js' classes in the place of their own. Classes belong to their copy of TensorFlow.js: reached are those of the copy that
 * this package imports, of the one that a page has loaded by a script tag, now or later, and of those that `applyFixes` is given.
 */
import * as tf from '@tensorflow/tfjs';
import type { EngineChange } from './fix.js';
import { onCopy } from './registry.js';

/** A copy of TensorFlow.js: what `import * as tf` gives, or the script. */
export type Copy = Pick<typeof tf, 'engine' | 'serialization' | 'train'>;

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- each class has methods of its own
export type Method = (this: any, ...args: any[]) => any;

/** Makes a method of the one in whose place it is to stand. */
export type Wrap = (own: Method) => Method;

interface Mark {
  readonly before: Method;
  /** Whether the class had the method itself, rather than from the class that it extends. */
  readonly isOwn: boolean;
  /** What is to be done, by the fix that does it; the innermost first. */
  wraps: readonly { fix: string; wrap: Wrap; isInnermost: boolean }[];
}

const MARK = Symbol.for('gradparity.fixes.class-method');

type Methods = Record<string, (Method & { [MARK]?: Mark }) | undefined>;

const isCopy = (value: unknown): value is Copy => {
  const copy = value as Partial<Copy> | null | undefined;
  return typeof copy?.engine === 'function' && copy.engine() === tf.engine() && copy.train !== undefined;
};

const given = new Set<Copy>();

/** The copies whose classes are reached. */
function copies(): Copy[] {
  const { tf: ofScript } = globalThis as { tf?: unknown };
  return [...new Set<Copy>([tf, ...given, ...(isCopy(ofScript) ? [ofScript] : [])])];
}

/** The changes that are wanted, to be made to copies that come later. */
const wanted = new Set<EngineChange>();

function renew(): void {
  for (const change of wanted) change.apply();
}

onCopy(() => {
  // The script's own work is done by then, and its name is there.
  queueMicrotask(renew);
});

/**
 * Has the classes of further copies changed too.
 *
 * @throws Error where a value is none, or does not share TensorFlow.js' engine.
 */
export function addCopies(more: readonly unknown[]): void {
  for (const copy of more) {
    if (!isCopy(copy)) {
      throw new TypeError(
        'applyFixes: copies must be copies of TensorFlow.js in this realm, as `import * as tf` gives them.',
      );
    }
    given.add(copy);
  }
}

const markOf = (prototype: Methods, name: string): Mark | undefined =>
  Object.hasOwn(prototype, name) ? prototype[name]?.[MARK] : undefined;

function install(prototype: Methods, name: string, mark: Mark): void {
  const inner = mark.wraps.filter(({ isInnermost }) => isInnermost);
  const outer = mark.wraps.filter(({ isInnermost }) => !isInnermost);
  const made = [...inner, ...outer].reduce((method, { wrap }) => wrap(method), mark.before);
  prototype[name] = Object.assign(made, { [MARK]: mark });
}

/** A change to methods of a class, which each copy of TensorFlow.js has. One that takes no note of the method before is the innermost. */
export function classChange(
  fix: string,
  classOf: (copy: Copy) => { prototype: object } | undefined,
  methods: Readonly<Record<string, Wrap>>,
  { isInnermost = false } = {},
): EngineChange {
  const prototypes = (): Methods[] => copies().flatMap((copy) => classOf(copy)?.prototype ?? []) as Methods[];
  const isIn = (prototype: Methods, name: string): boolean =>
    markOf(prototype, name)?.wraps.some((one) => one.fix === fix) ?? false;
  const changed = new WeakSet<Methods>();
  // A copy that has only just been loaded is changed when its script has ended.
  const isPending = (prototype: Methods): boolean => wanted.has(change) && !changed.has(prototype);
  const change: EngineChange = {
    isApplied: () =>
      prototypes().every(
        (prototype) => isPending(prototype) || Object.keys(methods).every((name) => isIn(prototype, name)),
      ),
    apply() {
      wanted.add(change);
      for (const prototype of prototypes()) {
        changed.add(prototype);
        for (const [name, wrap] of Object.entries(methods)) {
          if (isIn(prototype, name)) continue;
          const mark = markOf(prototype, name) ?? {
            before: prototype[name] as Method,
            isOwn: Object.hasOwn(prototype, name),
            wraps: [],
          };
          mark.wraps = [...mark.wraps, { fix, wrap, isInnermost }];
          install(prototype, name, mark);
        }
      }
    },
    remove() {
      wanted.delete(change);
      for (const prototype of prototypes()) {
        for (const name of Object.keys(methods)) {
          const mark = markOf(prototype, name);
          if (!mark) continue;
          mark.wraps = mark.wraps.filter((one) => one.fix !== fix);
          if (mark.wraps.length > 0) install(prototype, name, mark);
          else if (mark.isOwn) prototype[name] = mark.before;
          else Reflect.deleteProperty(prototype, name);
        }
      }
    },
  };
  return change;
}
