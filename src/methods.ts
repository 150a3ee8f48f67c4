/** Methods of objects that are not ours, for the time of a piece of work. */

/** Puts methods in the place of an object's own or inherited ones. Returns what puts back what was there. */
export function replaceMethods<T extends object>(target: T, methods: Partial<T> & ThisType<T>): () => void {
  const before = Object.keys(methods).map(
    (name) => [name, Object.getOwnPropertyDescriptor(target, name)] as const,
  );
  Object.assign(target, methods);
  return () => {
    for (const [name, own] of before) {
      if (own) Object.defineProperty(target, name, own);
      else Reflect.deleteProperty(target, name);
    }
  };
}
