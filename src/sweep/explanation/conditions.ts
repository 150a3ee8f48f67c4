/** What about a case matters: a change of it, without which the fault is gone. */
import type { SweepCase } from '../cases/case.js';
import { isExpression, type Argument, type Expression } from '../cases/expression.js';

export interface Condition {
  /** As the end of a sentence: "with a negative axis". */
  says: string;
  /** The case without it; undefined where it has no such thing. */
  without(one: SweepCase): SweepCase | undefined;
}

export const conditions: readonly Condition[] = [
  {
    says: 'with a negative axis',
    without: (one) =>
      changed(one, (call) => {
        const [first] = call.args;
        if (!isExpression(first) || !('input' in first) || !Object.hasOwn(one.inputs, first.input)) {
          return call.args;
        }
        const rank = one.inputs[first.input].shape.length;
        const positive = (part: Argument): Argument =>
          typeof part === 'number' && Number.isInteger(part) && part < 0 && part >= -rank
            ? part + rank
            : part;
        return call.args.map((part) =>
          Array.isArray(part) ? (part as Argument[]).map(positive) : positive(part),
        );
      }),
  },
  {
    says: "with 'same' padding",
    without: (one) => changed(one, ({ args }) => args.map((part) => (part === 'same' ? 'valid' : part))),
  },
  {
    says: 'where inputs are negative',
    without: (one) => {
      const isNegative = Object.values(one.inputs).some(
        ({ dtype, values }) => dtype === 'float32' && values.some((value) => value < 0),
      );
      if (!isNegative) return undefined;
      const inputs = Object.fromEntries(
        Object.entries(one.inputs).map(([name, input]) => [
          name,
          input.dtype === 'float32' ? { ...input, values: input.values.map(Math.abs) } : input,
        ]),
      );
      return { ...one, inputs };
    },
  },
];

type Call = Extract<Expression, { call: string }>;

/** The case with other arguments of its calls; undefined where they are the same. */
function changed(one: SweepCase, argsOf: (call: Call) => readonly Argument[]): SweepCase | undefined {
  const visit = (part: Argument): Argument => {
    if (Array.isArray(part)) return (part as Argument[]).map(visit);
    if (typeof part !== 'object' || part === null) return part;
    const inner = Object.fromEntries(
      Object.entries(part).map(([name, each]) => [name, visit(each as Argument)]),
    ) as unknown as Expression;
    return 'call' in inner ? { ...inner, args: argsOf(inner) } : inner;
  };
  const expression = visit(one.expression) as Expression;
  if (JSON.stringify(expression) === JSON.stringify(one.expression)) return undefined;
  // The outputs may be others, and so what multiplies them.
  return { ...one, expression, cotangent: undefined };
}
