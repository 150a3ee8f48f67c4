/** Errors that a user can act on. The command line maps each class to its exit code. */

/** Input that can't be used: a wrong flag, a damaged file, a shape. The message says what was wanted, what came, what to do. Exit code 2. */
export class InputError extends Error {
  override readonly name = 'InputError';
}

/** Something this machine lacks: a backend, a data set out of reach. The message says what, why and what to do. Exit code 3. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
}
