/** The optimizers of tf.train: what they make of a variable in some steps, and what they leave behind. */
import { fixed, type CaseDraft, type Family, type InputDraft } from './case.js';
import { call, input, type Argument, type Expression, type TrainStep } from './expression.js';

/** Each optimizer with its arguments: the plain ones, then each option for itself. */
const constructors: readonly (readonly [name: string, args: readonly Argument[], variant?: string])[] = [
  ['sgd', [0.125]],
  ['momentum', [0.125, 0.5]],
  ['momentum', [0.125, 0.5, true], 'nesterov'],
  ['momentum', [0.125, 0], 'no momentum'],
  ['momentum', [0.125, 0, true], 'no momentum, nesterov'],
  ['adagrad', [0.125]],
  ['adagrad', [0.125, 0.5], 'initial accumulator'],
  ['adagrad', [0.125, 0], 'no initial accumulator'],
  ['adadelta', [0.5, 0.75, 0.125]],
  ['adadelta', [0.5, 0.95, 0.01], 'rho'],
  ['adadelta', [1, 0, 0.125], 'no rho'],
  ['adam', [0.125]],
  ['adam', [0.125, 0.5], 'beta1'],
  ['adam', [0.125, 0.9, 0.75], 'beta2'],
  ['adam', [0.125, 0, 0.75], 'no beta1'],
  ['adamax', [0.125]],
  ['adamax', [0.125, 0.5], 'beta1'],
  ['adamax', [0.125, 0.9, 0.25], 'beta2'],
  ['adamax', [0.125, 0.9, 0.999, 0.125], 'epsilon'],
  ['adamax', [0.125, 0.9, 0.999, undefined, 0.5], 'decay'],
  ['rmsprop', [0.125]],
  ['rmsprop', [0.125, 0.5], 'decay'],
  ['rmsprop', [0.125, 0.9, 0.5], 'momentum'],
  ['rmsprop', [0.125, 0.9, 0, 0.125], 'epsilon'],
  ['rmsprop', [0.125, 0.9, 0, 0.01, true], 'centered'],
  ['rmsprop', [0.125, 0.5, 0.5, 0.01, true], 'centered, momentum'],
];

/** So many steps, as many as an optimizer's first, second and later one may differ. */
const STEPS = 3;
const STATE: InputDraft = { shape: [3], values: [1, -2, 0.5], constant: true };

const step = (gradients: Readonly<Record<string, Expression>>): TrainStep => ({ gradients });

export const optimizers: Family = {
  name: 'optimizers',
  *cases(choices): Iterable<CaseDraft> {
    for (const [train, args, variant] of constructors) {
      const op = `train.${train}`;
      const draft = (
        steps: readonly TrainStep[],
        inputs: Record<string, InputDraft>,
        more: string | undefined = variant,
        names: readonly string[] = ['x'],
        result = 'x',
      ): CaseDraft => ({
        op,
        ...(more && { variant: more }),
        inputs,
        expression: {
          train,
          args,
          variables: Object.fromEntries(names.map((name) => [name, input(name)])),
          steps,
          result,
        },
        order: 1,
      });
      const shape = choices.pick([[3], [2, 2]]);
      const gradients = Array.from({ length: STEPS }, (_, i) => `g${i + 1}`);
      const each = gradients.map((name) => step({ x: input(name) }));
      const inputs = {
        x: fixed(shape),
        ...Object.fromEntries(gradients.map((name) => [name, fixed(shape)])),
      };
      yield draft(each.slice(0, 1), inputs);
      yield draft(each, inputs);
      if (variant !== undefined && train !== 'rmsprop') continue;
      // Entries and whole gradients of 0, as of an embedding's rows and a dead unit.
      const some: InputDraft = { shape: [3], values: [0, 1, 0], constant: true };
      const none: InputDraft = { shape: [3], values: [0, 0, 0], constant: true };
      const zero = variant ? `${variant}, gradient of 0` : 'gradient of 0';
      yield draft([step({ x: input('none') })], { x: STATE, none }, zero);
      yield draft([step({ x: input('some') }), step({ x: input('none') })], { x: STATE, some, none }, zero);
      if (variant !== undefined) continue;
      const [x, b, g, h, g2, h2] = ['x', 'b', 'g', 'h', 'g2', 'h2'].map(input);
      const pair = {
        x: fixed([2, 2]),
        b: fixed([3]),
        g: fixed([2, 2]),
        h: fixed([3]),
        g2: fixed([2, 2]),
        h2: fixed([3]),
      };
      for (const result of ['x', 'b']) {
        const both = [step({ x: g, b: h }), step({ x: g2, b: h2 })];
        yield draft(both, pair, 'two variables', ['x', 'b'], result);
        const asList = both.map((one) => ({ ...one, asList: true }));
        yield draft(asList, pair, 'list of gradients', ['x', 'b'], result);
        // A step that one of them takes no part in: each keeps what was gathered for it.
        const apart = { ...pair, x: fixed([3]), g: fixed([3]), g2: fixed([3]) };
        yield draft(
          [step({ x: g, b: h }), step({ b: h2 })],
          apart,
          'one of two variables',
          ['x', 'b'],
          result,
        );
        yield draft([step({ x: g }), step({ b: h })], apart, 'by turns', ['x', 'b'], result);
        const cost = call('sum', call('mul', call('square', x), call('mean', b)));
        yield draft(
          [{ minimize: cost }, { minimize: cost }],
          { x: fixed([2, 2]), b: fixed([3], 'positive') },
          'minimize',
          ['x', 'b'],
          result,
        );
        yield draft(
          [{ minimize: cost, over: ['b'] }, { minimize: cost }],
          { x: fixed([2, 2]), b: fixed([3], 'positive') },
          'minimize over one',
          ['x', 'b'],
          result,
        );
      }
      const set = (name: string, to: number): TrainStep => ({ set: name, to });
      if (train === 'sgd' || train === 'momentum') {
        yield draft([each[0], set('LearningRate', 0.5), each[1]], inputs, 'setLearningRate');
      }
      if (train === 'momentum') {
        yield draft([each[0], set('Momentum', 0.25), each[1]], inputs, 'setMomentum');
      }
    }
  },
};
