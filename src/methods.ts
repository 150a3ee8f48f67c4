/** Methods of objects that are not ours, for the time of a piece of work. */

/** On a method that an object has of its own, and that does what its class says. */
const INHERITED = Symbol.for('gradparity.inherited');

type Method = ((this: object, ...args: unknown[]) => unknown) & { [INHERITED]?: true };

/**
 * An object's method as it can be put back: its own one, or one that does what the object's class says at the time.
 *
 * V8 keeps an object from which a property was deleted as a dictionary, and every op of TensorFlow.js takes half as long again where its
 * engine is one. So what was inherited is the object's own from then on.
 */
export function methodOf<T extends object, K extends keyof T>(target: T, name: K): T[K] {
  if (Object.hasOwn(target, name)) return target[name];
  const inherited: Method = function (...args) {
    return ((Object.getPrototypeOf(this) as T)[name] as Method).apply(this, args);
  };
  inherited[INHERITED] = true;
  Object.defineProperty(target, name, { writable: true, enumerable: false, configurable: true });
  target[name] = inherited as T[K];
  return target[name];
}

/** Puts methods in the place of an object's own or inherited ones. Returns what puts back what was there. */
export function replaceMethods<T extends object>(target: T, methods: Partial<T> & ThisType<T>): () => void {
  const names = Object.keys(methods) as (keyof T & string)[];
  const before = names.map((name) => methodOf(target, name));
  Object.assign(target, methods);
  return () => names.forEach((name, i) => (target[name] = before[i]));
}

/** Whether a method is that of the object's class. */
export const isInherited = <T extends object>(target: T, name: keyof T): boolean =>
  !Object.hasOwn(target, name) || (target[name] as Method)[INHERITED] === true;

/** A stack that begins in this file, whose frames are not the caller's. */
export const stackOfMethods = (): string => new Error().stack ?? '';
