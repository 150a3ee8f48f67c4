/** What a gradient is meant to be, where that is not f's own derivative: the rules of the option `surrogate`, and their numbers. */
import { InputError } from '../../errors.js';
import type { Surrogate, SurrogateRule } from '../report/report.js';

interface NamedInput {
  name: string;
  active: boolean;
  surrogate?: SurrogateRule;
}

const RULES = "'zero', 'identity' or { scale: a number }";

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function isRule(value: unknown): value is SurrogateRule {
  if (value === 'zero' || value === 'identity') return true;
  return isObject(value) && Object.keys(value).join() === 'scale' && Number.isFinite(value.scale);
}

function requireRule(value: unknown, where: string): SurrogateRule | undefined {
  if (value === null || value === undefined) return undefined;
  if (isRule(value)) return value;
  throw new InputError(
    `gradcheck: surrogate must be a function, or ${RULES} for all inputs, a list or an object with one for each; got ${textOf(value)}${where}.`,
  );
}

function textOf(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** The rule of every input, in order; undefined where the gradient is f's derivative, or the derivative of a function. */
export function rulesFor(
  inputs: readonly NamedInput[],
  surrogate: Surrogate | undefined,
): (SurrogateRule | undefined)[] {
  const none = inputs.map(() => undefined);
  if (surrogate === undefined || surrogate === null || typeof surrogate === 'function') return none;
  if (isRule(surrogate)) return inputs.map(({ active }) => (active ? surrogate : undefined));
  if (Array.isArray(surrogate)) {
    if (surrogate.length > inputs.length) {
      throw new InputError(
        `gradcheck: surrogate has ${surrogate.length} rules for ${inputs.length} inputs. Give one for each, null where the gradient is f's own derivative.`,
      );
    }
    return inputs.map((input, i) => ofActive(input, requireRule(surrogate[i], ` for ${input.name}`)));
  }
  // A scale that is no number, or something else that is no rule: not an input of that name.
  if (!isObject(surrogate)) return [requireRule(surrogate, '')];
  const known = inputs.map(({ name }) => name);
  const stranger = Object.keys(surrogate).find((name) => !known.includes(name));
  if (stranger !== undefined) {
    throw new InputError(
      `gradcheck: surrogate names no input: ${JSON.stringify(stranger)}. There are ${known.join(', ')}; a rule is ${RULES}.`,
    );
  }
  const byName = surrogate as Record<string, unknown>;
  return inputs.map((input) => ofActive(input, requireRule(byName[input.name], ` for ${input.name}`)));
}

function ofActive({ name, active }: NamedInput, rule: SurrogateRule | undefined): SurrogateRule | undefined {
  if (rule !== undefined && !active) {
    throw new InputError(
      `gradcheck: surrogate has a rule for ${name}, which is not differentiated. Leave it out, or take ${name} out of the option constant.`,
    );
  }
  return rule;
}

/** Where f has to be evaluated so that its change is what the rule says: at rest, at a multiple of the move, or as moved. */
export function moveBy<T extends Float64Array | Float32Array>(
  rule: SurrogateRule | undefined,
  at: T,
  moved: T,
): T {
  if (rule === undefined || moved === at) return moved;
  if (rule === 'zero' || rule === 'identity') return at;
  const { scale } = rule;
  const there = at.slice() as T;
  for (let j = 0; j < there.length; j++) if (moved[j] !== at[j]) there[j] += scale * (moved[j] - at[j]);
  return there;
}

/** The rule for the gradient of the gradient: dy itself does not change with the input. */
export const ruleOfSecondOrder = (rule: SurrogateRule | undefined): SurrogateRule | undefined =>
  rule === 'identity' ? 'zero' : rule;
