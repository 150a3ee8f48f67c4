/** Reading what is known to be in a collection. */

/** The last of a list. @throws Error where the list is empty */
export function last<T>(list: readonly T[]): T {
  if (list.length === 0) throw new Error('An empty list has no last entry.');
  return list[list.length - 1];
}

/** What a map has for a key. @throws Error where it has nothing */
export function lookUp<K, V extends NonNullable<unknown>>(map: ReadonlyMap<K, V>, key: K): V {
  const value = map.get(key);
  if (value === undefined) throw new Error(`There is no entry for ${String(key)}.`);
  return value;
}
