/** The value. @throws Error where there is none */
export function present<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error(`A value was expected, got ${value}.`);
  return value;
}
