/** Numbers as text. */

/** So many numbers are shown of a list. */
const SHOWN = 12;

export const number = (value: number): string =>
  Number.isFinite(value) ? String(Number(value.toPrecision(6))) : String(value);

export const listText = (values: readonly number[]): string =>
  `[${values.slice(0, SHOWN).map(number).join(', ')}${values.length > SHOWN ? ', …' : ''}]`;

/** Both lists, or their first entries that differ where they are long. */
export function numbersText(
  got: readonly number[],
  wanted: readonly number[],
): { got: string; expected: string } {
  if (wanted.length <= SHOWN || got.length !== wanted.length) {
    return { got: listText(got), expected: listText(wanted) };
  }
  const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value) || 0), 0);
  const off = wanted.findIndex((value, i) => !(Math.abs(value - got[i]) <= 1e-4 * largest));
  const at = Math.max(off, 0);
  return {
    got: `${number(got[at])} at entry ${at}`,
    expected: number(wanted[at]),
  };
}

/** Where all entries are off by one factor, that factor. */
export function ratioText(got: readonly number[], wanted: readonly number[]): string {
  const pairs = wanted.flatMap((value, i) => (Math.abs(value) > 1e-9 ? [got[i] / value] : []));
  // One entry has no factor in common with others.
  if (pairs.length < 2) return '';
  const [first] = pairs;
  if (first === undefined || !Number.isFinite(first) || Math.abs(first - 1) < 1e-6) return '';
  if (!pairs.every((ratio) => Math.abs(ratio - first) <= 1e-4 * Math.abs(first))) return '';
  return first === 0 ? ': it is 0' : `: it is ${number(first)} times what it should be`;
}
