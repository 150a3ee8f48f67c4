/**
 * Entries of TensorFlow.js' registries of gradients and kernels, held in place. The registries are maps that all copies of TensorFlow.js in a
 * realm share. A copy that is loaded later registers its own gradients and kernels again, without a word; what is held stays, and what the copy
 * brought is what `release` puts back. What a user registers takes its place, and is told.
 */
import { registryNamed, type RegistryName } from '../registries.js';
import { STOCK_GRADIENTS } from './stock.js';

/** What is held in one registry. */
interface Held<C> {
  readonly fix: string;
  ours: C;
  /** What stands there without it. */
  before: C | undefined;
}

/** Of a kernel: what runs when its backend starts and ends. */
interface Hooks {
  setupFunc: (backend: unknown) => void;
  disposeFunc: (backend: unknown) => void;
}

/** Who is told when a copy of TensorFlow.js begins to register its gradients. */
const told: (() => void)[] = [];

/** Has f called whenever another copy of TensorFlow.js is being loaded, while gradients of fixes are in place. */
export const onCopy = (f: () => void): void => void told.push(f);

interface Lock<C> {
  readonly held: Map<string, Held<C>>;
  /** Entries that wait for the others of their kind, by name. */
  readonly waiting: Map<string, Held<C>>;
  /** Told of what a user has put in the place of a fix. */
  onReplaced: (name: string, fix: string) => void;
}

/** On a registry: the lock, which all copies of this module share. */
const lockKey = Symbol.for('gradparity.fixes.lock');

type Registry<C> = Map<string, C> & { [lockKey]?: Lock<C> };

/** Says of a name that is being registered whether a copy of TensorFlow.js does so that is being loaded, rather than a user. */
type IsCopy = (name: string) => boolean;

/** What there is of a registry beside its entries. */
interface Kind {
  isCopy(): IsCopy;
  /** Whether an entry can be put there now. */
  isReady(registry: ReadonlyMap<string, unknown>, name: string): boolean;
}

/** A copy registers its gradients one after the other in an order that is always the same; a user one here and there. */
const gradientKind: Kind = {
  isCopy: () => {
    const place = new Map(STOCK_GRADIENTS.map((name, i) => [name, i]));
    /** The place of the last name of an unbroken row that began with the first. */
    let last = -1;
    return (name) => {
      const at = place.get(name) ?? -1;
      const isNext = at === 0 || (last >= 0 && at >= last && at <= last + 3);
      last = isNext ? at : -1;
      // Once, at the first.
      if (at === 0) for (const f of told) f();
      return isNext;
    };
  },
  isReady: () => true,
};

const backendOf = (name: string): string => name.slice(0, name.indexOf('_') + 1);

/** A copy registers a kernel over the one there, with TensorFlow.js' warning; a user has to unregister the kernel before. */
const kernelKind: Kind = {
  isCopy: () => () => true,
  isReady: (registry, name) => {
    const backend = backendOf(name);
    for (const key of registry.keys()) if (key.startsWith(backend)) return true;
    return false;
  },
};

const kinds = { gradRegistry: gradientKind, kernelRegistry: kernelKind };

/** TensorFlow.js' own registry, by its name among TensorFlow.js' globals. */
function registryOf<C>(name: RegistryName): Registry<C> {
  const registry: unknown = registryNamed(name);
  if (!(registry instanceof Object) || typeof (registry as Registry<C>).set !== 'function') {
    throw new Error(
      `gradparity/fixes: TensorFlow.js' ${name} was not found among its globals (_tfGlobals). This build of TensorFlow.js can't be mended from outside.`,
    );
  }
  return registry as Registry<C>;
}

function lockOf<C>(name: RegistryName): Lock<C> {
  const registry = registryOf<C>(name);
  const present = registry[lockKey];
  if (present) return present;
  const { set } = registry;
  const { isReady } = kinds[name];
  const isCopy = kinds[name].isCopy();
  const lock: Lock<C> = { held: new Map(), waiting: new Map(), onReplaced: () => {} };
  registry[lockKey] = lock;
  registry.set = function (key, config) {
    const copy = isCopy(key);
    const held = lock.held.get(key);
    if (held && config !== held.ours && this.has(key)) {
      if (copy) {
        held.before = config;
        return this;
      }
      lock.held.delete(key);
      lock.onReplaced(key, held.fix);
    }
    set.call(this, key, config);
    if (lock.waiting.has(key)) settle(this, set, lock, (waiting) => waiting === key);
    // A kernel that the backend doesn't have comes after those that it registers now, which TensorFlow.js would else warn of.
    else if (lock.waiting.size > 0) {
      queueMicrotask(() => settle(this, set, lock, (waiting) => isReady(this, waiting)));
    }
    return this;
  };
  return lock;
}

/** Puts those that wait in their places, where they may be by now. */
function settle<C>(
  registry: Registry<C>,
  set: Map<string, C>['set'],
  lock: Lock<C>,
  may: (name: string) => boolean,
): void {
  for (const [name, entry] of lock.waiting) {
    if (!may(name)) continue;
    lock.waiting.delete(name);
    put(registry, set, lock, name, entry);
  }
}

function put<C>(
  registry: Registry<C>,
  set: Map<string, C>['set'],
  lock: Lock<C>,
  name: string,
  entry: Held<C>,
): void {
  entry.before = registry.get(name);
  // What the backend would set up for its own kernel at its start it will need when that one is put back.
  const { setupFunc, disposeFunc } = (entry.before ?? {}) as Partial<Hooks>;
  if (setupFunc || disposeFunc) entry.ours = { setupFunc, disposeFunc, ...entry.ours };
  lock.held.set(name, entry);
  set.call(registry, name, entry.ours);
}

/** Puts an entry of a fix in its place, and remembers what stands there. Where the fix is there already, nothing. */
export function hold<C>(
  name: RegistryName,
  key: string,
  ours: C,
  fix: string,
  onReplaced: (key: string, fix: string) => void,
): void {
  const registry = registryOf<C>(name);
  const lock = lockOf<C>(name);
  lock.onReplaced = onReplaced;
  const held = lock.held.get(key);
  if ((held && registry.get(key) === held.ours) || lock.waiting.has(key)) return;
  const entry: Held<C> = { fix, ours, before: undefined };
  if (kinds[name].isReady(registry, key)) {
    // Map's own set: the lock is for what others register.
    put(registry, Map.prototype.set as Map<string, C>['set'], lock, key, entry);
  } else {
    lock.waiting.set(key, entry);
  }
}

/** Takes an entry of a fix away again. One that somebody else has put in its place stays. */
export function release(name: RegistryName, key: string): void {
  const registry = registryOf<unknown>(name);
  const lock = registry[lockKey];
  if (!lock) return;
  lock.waiting.delete(key);
  const held = lock.held.get(key);
  lock.held.delete(key);
  if (held && registry.get(key) === held.ours) {
    if (held.before === undefined) registry.delete(key);
    else Map.prototype.set.call(registry, key, held.before);
  }
  if (lock.held.size > 0 || lock.waiting.size > 0) return;
  delete (registry as Partial<Registry<unknown>>).set;
  Reflect.deleteProperty(registry, lockKey);
}

/** Whether an entry of a fix is where it was put, or waits for its backend. */
export function isHeld(name: RegistryName, key: string): boolean {
  const registry = registryOf<unknown>(name);
  const lock = registry[lockKey];
  if (!lock) return false;
  const held = lock.held.get(key);
  return held ? registry.get(key) === held.ours : lock.waiting.has(key);
}

/** What TensorFlow.js itself has under a name: what a fix has replaced, or else what is there. */
export function stockOf(name: RegistryName, key: string): unknown {
  const registry = registryOf<unknown>(name);
  const held = registry[lockKey]?.held.get(key);
  return held && registry.get(key) === held.ours ? held.before : registry.get(key);
}

/** What is registered under a name at present, a fix or not. */
export const registered = (name: RegistryName, key: string): unknown => registryOf<unknown>(name).get(key);
