/** Methods of objects that are not ours, for the time of a piece of work. */

/**
 * Puts methods in the place of an object's own or inherited ones. Returns what puts back what was there.
 *
 * What was inherited is the object's own from then on: V8 keeps an object from which a property was deleted as a dictionary, and every
 * op of TensorFlow.js takes half as long again where its engine is one.
 */
export function replaceMethods<T extends object>(target: T, methods: Partial<T> & ThisType<T>): () => void {
  const names = Object.keys(methods) as (keyof T & string)[];
  const before = names.map((name) => target[name]);
  for (const name of names) {
    if (!Object.hasOwn(target, name)) Object.defineProperty(target, name, HIDDEN);
    target[name] = methods[name] as T[typeof name];
  }
  return () => names.forEach((name, i) => (target[name] = before[i]));
}

const HIDDEN: PropertyDescriptor = {
  value: undefined,
  writable: true,
  enumerable: false,
  configurable: true,
};

/** Whether a method is that of the object's class. */
export const isInherited = <T extends object>(target: T, name: keyof T): boolean =>
  target[name] === (Object.getPrototypeOf(target) as T | null)?.[name];
