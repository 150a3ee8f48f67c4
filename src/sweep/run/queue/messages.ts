/** What goes through the queue: numbers and names, checked at both ends. No code: workers make the cases themselves, from the seed. */
import { z } from 'zod';
import { findingKinds } from '../../judgement/hit.js';
import { sweepBackends } from '../../observation/observation.js';

export const QUEUE_NAME = 'gradparity-sweep';

const backend = z.enum(sweepBackends);
const index = z.number().int().min(0).max(1e6);
const shape = z.array(z.number().int().min(0)).max(10);
/** JSON has no NaN: it is null on the way. */
const number = z.union([z.number(), z.null().transform(() => NaN)]);

const order = z.object({
  schemaVersion: z.literal(1),
  /** The run that asks. */
  run: z.uuid(),
  seed: z.number().int(),
  backends: z.array(backend).min(1),
  /** Of the cases, which are to be the same at both ends. */
  digest: z.number().int(),
  limits: z.object({ timeLimit: z.number().positive(), memoryLimit: z.number().positive() }),
  /** Each case is judged with `gradparity/fixes` too. */
  fixes: z.literal(true).optional(),
});

export const requestSchema = z.discriminatedUnion('kind', [
  order.extend({ kind: z.literal('judge'), indices: z.array(index).min(1).max(100) }).strict(),
  order
    .extend({
      kind: z.literal('explain'),
      index,
      hit: z.string().max(500),
      /** It is a finding with the fixes in place. */
      withFixes: z.literal(true).optional(),
    })
    .strict(),
]);
export type Request = z.infer<typeof requestSchema>;

const cell = z.enum(['right', 'wrong', 'missing', 'not run']);
const kind = z.enum(findingKinds);
const witness = z
  .object({ kind: z.enum(['closed form', 'another library', 'backend', 'observed']), by: z.string() })
  .nullable();

const direction = z.enum(['forward', 'backward', 'second order']);

const hit = z.object({
  id: z.string(),
  op: z.string(),
  family: z.string(),
  kind,
  backend: z.union([backend, z.literal('core')]),
  direction,
  fault: z.string().optional(),
  culprit: z.string().optional(),
  message: z.string(),
  input: z.string().optional(),
  unreached: z.array(z.string()).optional(),
  got: z.string(),
  expected: z.string(),
  witness,
});

const judged = z.object({
  hits: z.array(hit),
  backends: z.partialRecord(backend, cell),
  formula: cell,
  second: cell,
  // As the op says it, which may be nonsense: that is what is looked for.
  outputShape: z.array(number).max(10).optional(),
});

const caseResult = judged.extend({ index, fixed: judged.optional() });

const filed = z.object({
  finding: z.object({
    id: z.string(),
    kind,
    backend: z.union([backend, z.literal('core')]),
    direction,
    fault: z.string().optional(),
    culprit: z.string().optional(),
    message: z.string(),
    witness,
  }),
  repro: z.object({
    inputs: z.record(
      z.string(),
      z.object({
        shape,
        dtype: z.enum(['float32', 'int32', 'bool']),
        values: z.array(number),
        constant: z.boolean().optional(),
      }),
    ),
    // Data of any depth, which is only shown.
    expression: z.custom<import('../../cases/expression.js').Expression>(
      (value) => typeof value === 'object' && value !== null,
    ),
    plainSecond: z.boolean().optional(),
    kink: z.boolean().optional(),
    entrywise: z.boolean().optional(),
    pair: z.boolean().optional(),
    cotangent: z.array(number),
    code: z.string(),
    got: z.string(),
    expected: z.string(),
  }),
});

const explanation = z.object({ id: z.string(), withFixes: z.literal(true).optional(), filed });

const versions = z.record(z.string(), z.string());

export const answerSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('judge'), results: z.array(caseResult), versions }),
  z.object({ kind: z.literal('explain'), explanation, versions }),
]);
export type Answer = z.infer<typeof answerSchema>;
