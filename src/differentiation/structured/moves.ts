/** The moves of a unit's pre-activation that are worth evaluating: of inputs that are not 0, equal ones of an example once. */

/** The distinct non-zero inputs of an example, and the parameters that each belongs to. */
export interface Moves {
  input: number[];
  /** The columns of the inputs that hold distinct input u are `columns[first[u]]` … `columns[first[u + 1] - 1]`. */
  columns: number[];
  first: number[];
}

/** The moves for the `size` inputs of a layer that begin at `from`, with the bias as one more column whose input is 1. */
export function movesOf(inputs: ArrayLike<number>, from: number, size: number): Moves {
  const columnsOf = new Map<number, number[]>();
  for (let i = 0; i <= size; i++) {
    const value = i === size ? 1 : inputs[from + i];
    if (value === 0) continue;
    const known = columnsOf.get(value);
    if (known) known.push(i);
    else columnsOf.set(value, [i]);
  }
  const moves: Moves = { input: [], columns: [], first: [0] };
  for (const [value, columns] of columnsOf) {
    moves.input.push(value);
    moves.columns.push(...columns);
    moves.first.push(moves.columns.length);
  }
  return moves;
}
