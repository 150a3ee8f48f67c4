/** Oracle: made-up conditions whose smallest case is known; laws. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { sizeOf } from '../../../src/shapes.js';
import { assemble, type InputDraft, type SweepCase } from '../../../src/sweep/cases/case.js';
import {
  call,
  codeOf,
  input,
  inputsOf,
  weightShapesOf,
  type Argument,
  type Expression,
  type LayersExpression,
} from '../../../src/sweep/cases/expression.js';
import { sweepCases } from '../../../src/sweep/cases/index.js';
import { candidates, shrink, type StillShows } from '../../../src/sweep/explanation/shrink.js';
import { present } from '../../support/present.js';

const [x, y] = [input('x'), input('y')];
const real = (shape: number[]): InputDraft => ({ shape });
const caseOf = (expression: Expression, inputs: Record<string, InputDraft>): SweepCase =>
  assemble('test', { op: 'test', inputs, expression }, 1);

/** A condition on a case, with this many outputs where it holds. */
const showing =
  (condition: (one: SweepCase) => boolean, outputs = 1): StillShows =>
  async (one) =>
    condition(one) ? outputs : undefined;

const argsOf = ({ expression }: SweepCase): readonly Argument[] =>
  'call' in expression ? expression.args : [];
const entriesOf = ({ inputs }: SweepCase): number =>
  Object.values(inputs).reduce((sum, { shape }) => sum + sizeOf(shape), 0);

const pool = caseOf(call('avgPool', x, [3, 2], 3, 'same', 'floor'), { x: real([2, 4, 3, 2]) });

describe('reaches the smallest case', () => {
  test('of sizes and an attribute: a 2 in the shape and the stride', async () => {
    const small = await shrink(
      pool,
      showing((one) => one.inputs['x'].shape.some((n) => n >= 2) && Number(argsOf(one)[2]) >= 2),
    );
    expect(small.inputs['x'].shape.filter((n) => n !== 1)).toEqual([2]);
    expect(argsOf(small)[2]).toBe(2);
    expect(argsOf(small).slice(1)).toEqual([[1, 1], 2]);
    expect(small.inputs['x'].values).toEqual([1, 1]);
    expect(small.plainSecond).toBe(true);
    expect(small.cotangent).toEqual([1]);
  });

  test('that shows nothing but itself: everything is 1', async () => {
    const small = await shrink(
      pool,
      showing(() => true, 3),
    );
    expect(codeOf(small.expression)).toBe('tf.avgPool(x)');
    expect(small.inputs).toEqual({ x: { shape: [1, 1, 1, 1], dtype: 'float32', values: [1] } });
    expect(small.cotangent).toEqual([1, 1, 1]);
  });

  test('where all axes of a size must change together', async () => {
    const one = caseOf(call('matMul', x, y), { x: real([4, 3]), y: real([3, 4]) });
    const small = await shrink(
      one,
      showing(({ inputs: { x: a, y: b } }) => a.shape[1] === b.shape[0] && a.shape[1] >= 2),
    );
    expect([small.inputs['x'].shape, small.inputs['y'].shape]).toEqual([
      [1, 2],
      [2, 1],
    ]);
  });

  test('where numbers must differ: 1, 2, …', async () => {
    const distinct = showing(({ inputs, cotangent = [1, 2] }) => {
      const { values } = inputs['x'];
      return values.length >= 2 && new Set(values).size === values.length && new Set(cotangent).size > 1;
    }, 2);
    const small = await shrink(caseOf(call('max', x), { x: real([3, 4]) }), distinct);
    expect(small.inputs['x'].values).toEqual([1, 2]);
    expect(small.cotangent).toEqual([1, 2]);
  });

  test('without the calls inside that are not needed, and the inputs that go with them', async () => {
    const one = caseOf(call('square', call('add', x, call('mul', y, 0.5))), { x: real([2]), y: real([2]) });
    const small = await shrink(
      one,
      showing((each) => codeOf(each.expression).startsWith('tf.square')),
    );
    expect(codeOf(small.expression)).toBe('tf.square(x)');
    expect(Object.keys(small.inputs)).toEqual(['x']);
  });

  test('not what a kink needs: its numbers', async () => {
    const one = { ...caseOf(call('abs', x), { x: { shape: [3], values: [-1, 0, 2] } }), kink: true };
    const small = await shrink(
      one,
      showing(({ inputs }) => inputs['x'].values.includes(0)),
    );
    expect(small.inputs['x'].values).toEqual([-1, 0]);
  });
});

describe('what a case is filed under stays', () => {
  const always = showing(() => true);

  test('the op itself, however little the finding needs it', async () => {
    const expression = call('mul', call('cast', call('logicalNot', call('less', x, 0)), 'float32'), x);
    const small = await shrink({ ...caseOf(expression, { x: real([2, 3]) }), op: 'logicalNot' }, always);
    expect(codeOf(small.expression)).toContain('tf.logicalNot(');
    const composed = caseOf(call('square', call('exp', call('neg', x))), { x: real([2]) });
    const smaller = await shrink({ ...composed, op: 'square of exp' }, always);
    expect(codeOf(smaller.expression)).toBe('tf.square(tf.exp(x))');
  });

  test("a variant's arguments", async () => {
    const one = caseOf(call('cumsum', x, -1, true, true), { x: real([2, 3]) });
    const small = await shrink({ ...one, op: 'cumsum', variant: 'exclusive reverse' }, always);
    expect(codeOf(small.expression)).toBe('tf.cumsum(x, -1, true, true)');
    // Without a variant all of them may go.
    const plain = await shrink({ ...one, op: 'cumsum' }, always);
    expect(codeOf(plain.expression)).toBe('tf.cumsum(x)');
  });

  test("a model's weights have the shapes that its layers give them", async () => {
    const one = present(sweepCases(1).find(({ op }) => op === 'layers.conv2d'));
    const small = await shrink(one, always);
    const { layers, weights } = small.expression as LayersExpression;
    expect(layers[0][1].inputShape).toEqual(small.inputs['x'].shape.slice(1));
    expect(weights.map((name) => small.inputs[name].shape)).toEqual(
      weightShapesOf(small.expression as LayersExpression),
    );
    expect(entriesOf(small)).toBeLessThan(entriesOf(one) / 2);
  });
});

describe('laws', () => {
  const cases = sweepCases(1);
  const anyCase = fc.nat(cases.length - 1).map((index) => cases[index]);

  /** An arbitrary condition that is the same each time: a number of the case's text. */
  const arbitrary = (seed: number) => (one: SweepCase) => {
    const text = codeOf(one.expression) + Object.values(one.inputs).map(({ shape }) => shape.join()).join(';'); // prettier-ignore
    return [...text].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 997, seed) % 3 !== 0;
  };

  test('never larger, never one that does not show it, the same again, within the budget', async () => {
    await fc.assert(
      fc.asyncProperty(anyCase, fc.nat(1000), fc.integer({ min: 1, max: 60 }), async (one, seed, budget) => {
        const condition = arbitrary(seed);
        let asked = 0;
        const shown = new Set<SweepCase>([one]);
        const stillShows: StillShows = async (candidate) => {
          asked++;
          if (!condition(candidate)) return undefined;
          shown.add(candidate);
          return 2;
        };
        const small = await shrink(one, stillShows, { budget });
        expect(asked).toBeLessThanOrEqual(budget);
        expect(shown.has(small)).toBe(true);
        expect(entriesOf(small)).toBeLessThanOrEqual(entriesOf(one));
        expect(await shrink(one, showing(condition, 2), { budget })).toEqual(small);
      }),
      { numRuns: 150 },
    );
  });

  test('no candidate is larger or other than what it says; all are exact in float32', () => {
    fc.assert(
      fc.property(anyCase, (one) => {
        for (const candidate of candidates(one, 2)) {
          expect(entriesOf(candidate)).toBeLessThanOrEqual(entriesOf(one));
          const { id, family, op, order } = candidate;
          expect({ id, family, op, order }).toEqual({
            id: one.id,
            family: one.family,
            op: one.op,
            order: one.order,
          });
          for (const [name, { shape, values, dtype }] of Object.entries(candidate.inputs)) {
            expect(values.length).toBe(sizeOf(shape));
            expect(dtype).toBe(one.inputs[name].dtype);
            expect(values.every((value) => Object.is(Math.fround(value), value))).toBe(true);
          }
          expect(inputsOf(candidate.expression).sort()).toEqual(Object.keys(candidate.inputs).sort());
        }
      }),
      { numRuns: 200 },
    );
  });

  test('a case of which nothing smaller shows it stays as it is', async () => {
    expect(
      await shrink(
        pool,
        showing(() => false),
      ),
    ).toBe(pool);
  });
});
