/** What is written on the playground, made into a function and its inputs. Runs in the worker. */
import { transform } from 'sucrase';

export interface Written {
  f: unknown;
  inputs: unknown;
  options?: Record<string, unknown>;
}

/** A mistake in what was written, with its line where that is known. */
export class CodeError extends Error {
  constructor(
    /** syntax: it cannot be read. throws: it threw while it ran. missing: it does not define f or inputs. module: there is none of that name. */
    readonly kind: 'syntax' | 'throws' | 'missing' | 'module',
    message: string,
    readonly line?: number,
  ) {
    super(message);
  }
}

const AsyncFunction = (async () => undefined).constructor as new (
  ...args: string[]
) => (...args: unknown[]) => Promise<unknown>;

// All on the line of the first one written, so that lines keep their numbers.
const before = 'return (async () => { ';
const after =
  '\n;const written = (name, found) => found() ?? exports[name];' +
  'return { f: written("f", () => typeof f === "undefined" ? undefined : f),' +
  'inputs: written("inputs", () => typeof inputs === "undefined" ? undefined : inputs),' +
  'options: written("options", () => typeof options === "undefined" ? undefined : options) }; })()';

/** The line within the written code that an error's stack names; undefined where the engine does not tell. */
export function lineOf(error: unknown): number | undefined {
  for (let one = error; one instanceof Error; one = one.cause) {
    const line = rawLine(one);
    if (line !== undefined && headLines !== undefined) return line - headLines;
  }
  return undefined;
}

const rawLine = (error: Error): number | undefined => {
  const found = /(?:<anonymous>|> (?:Async)?Function):(\d+):\d+/.exec(error.stack ?? '')?.[1];
  return found === undefined ? undefined : Number(found);
};

/** So many lines does this engine put before a function's own first one. */
let headLines: number | undefined;

export async function calibrate(): Promise<void> {
  try {
    await new AsyncFunction('exports', `${before}throw new Error("x")${after}`)({});
  } catch (error) {
    const line = rawLine(error as Error);
    headLines = line === undefined ? undefined : line - 1;
  }
}

/** Runs the code, TypeScript or JavaScript, and returns what it defines. `modules` are those that it can import; `scope` names what it can use without. */
export async function evaluate(
  code: string,
  modules: Readonly<Record<string, () => unknown>>,
  scope: Readonly<Record<string, unknown>>,
): Promise<Written> {
  let compiled: string;
  try {
    compiled = transform(code, { transforms: ['typescript', 'imports'], disableESTransforms: true }).code;
  } catch (error) {
    const [, message, line] = /^(?:Error transforming [^:]*: )?(.*?)(?: \((\d+):\d+\))?$/s.exec(
      (error as Error).message,
    ) ?? [undefined, (error as Error).message];
    throw new CodeError('syntax', message, line === undefined ? undefined : Number(line));
  }
  const require = (name: string): unknown => {
    if (!Object.hasOwn(modules, name)) throw new CodeError('module', name);
    return modules[name]();
  };
  const given: Record<string, unknown> = { ...scope, exports: {}, require };
  let made: (...args: unknown[]) => Promise<unknown>;
  try {
    made = new AsyncFunction(...Object.keys(given), before + compiled + after);
  } catch (error) {
    throw new CodeError('syntax', (error as Error).message);
  }
  let written: Written;
  try {
    written = (await made(...Object.values(given))) as Written;
  } catch (error) {
    if (error instanceof CodeError) throw error;
    throw new CodeError('throws', messageOf(error), lineOf(error));
  }
  for (const name of ['f', 'inputs'] as const)
    if (written[name] === undefined) throw new CodeError('missing', name);
  return written;
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
