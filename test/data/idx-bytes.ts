/** Makes IDX files for tests, from the format's description and without the reader's code. */

/** The bytes of an IDX file; `type` is the element type's code, 8 for unsigned bytes. */
export function idxBytes(shape: number[], values: ArrayLike<number>, type = 8): Uint8Array {
  const bigEndian = (size: number) => [24, 16, 8, 0].map((shift) => Math.floor(size / 2 ** shift) % 256);
  return Uint8Array.from([0, 0, type, shape.length, ...shape.flatMap(bigEndian), ...Array.from(values)]);
}
