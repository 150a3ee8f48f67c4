/** Fused ops: products and convolutions with bias and activation, the LSTM cell, and dropout by a seed. */
import { real, type CaseDraft, type Choices, type Family, type InputDraft } from './case.js';
import { call, get, input, type Argument } from './expression.js';

const activations = ['linear', 'relu', 'relu6', 'elu', 'leakyrelu', 'prelu', 'sigmoid'];
const flags = [false, true];

/** The options of an activation and of a bias, each for `channels` channels, with their inputs. */
function trimmings(
  activation: string,
  withBias: boolean,
  channels: number,
): { options: Record<string, Argument>; inputs: Record<string, InputDraft> } {
  const prelu = activation === 'prelu';
  return {
    options: {
      ...(withBias && { bias: input('bias') }),
      activation,
      ...(activation === 'leakyrelu' && { leakyreluAlpha: 0.3 }),
      ...(prelu && { preluActivationWeights: input('alpha') }),
    },
    inputs: {
      ...(withBias && { bias: real([channels]) }),
      ...(prelu && { alpha: real([channels], 'positive') }),
    },
  };
}

function* matMuls(choices: Choices): Iterable<CaseDraft> {
  const draft = (
    activation: string,
    bias: boolean,
    transposeA: boolean,
    transposeB: boolean,
    batches: number[][] = [[], []],
  ): CaseDraft => {
    const [m, k, n] = choices.shuffle([2, 3, 4]);
    const { options, inputs } = trimmings(activation, bias, n);
    return {
      op: 'fused.matMul',
      inputs: {
        a: real([...batches[0], ...(transposeA ? [k, m] : [m, k])]),
        b: real([...batches[1], ...(transposeB ? [n, k] : [k, n])]),
        ...inputs,
      },
      expression: call('fused.matMul', { a: input('a'), b: input('b'), transposeA, transposeB, ...options }),
    };
  };
  for (const bias of flags) {
    for (const activation of activations) yield draft(activation, bias, false, false);
    for (const activation of ['linear', 'relu']) {
      for (const [transposeA, transposeB] of [
        [true, false],
        [false, true],
        [true, true],
      ]) {
        yield draft(activation, bias, transposeA, transposeB);
      }
      for (const batches of [
        [[2], [2]],
        [[1], [2]],
      ]) {
        yield { ...draft(activation, bias, choices.pick(flags), choices.pick(flags), batches), order: 1 };
      }
    }
  }
  for (const activation of ['sigmoid', 'prelu']) yield draft(activation, true, true, true);
}

function* convolutions(choices: Choices): Iterable<CaseDraft> {
  for (const depthwise of flags) {
    const op = depthwise ? 'fused.depthwiseConv2d' : 'fused.conv2d';
    const draft = (
      activation: string,
      bias: boolean,
      more: { strides: Argument; pad: Argument } & Record<string, Argument>,
      variant?: string,
      batch: number[] = [2],
    ): CaseDraft => {
      const [c, f] = choices.pick([
        [1, 2],
        [1, 2],
        [2, 1],
      ]);
      const window = choices.pick([
        [2, 2],
        [1, 2],
        [3, 2],
      ]);
      const size = choices.shuffle([3, 4]);
      const { options, inputs } = trimmings(activation, bias, depthwise ? c * f : f);
      return {
        op,
        ...(variant && { variant }),
        inputs: {
          x: real([...batch, ...(variant === 'NCHW' ? [c, ...size] : [...size, c])]),
          filter: real([...window, c, f]),
          ...inputs,
        },
        expression: call(op, { x: input('x'), filter: input('filter'), ...more, ...options }),
      };
    };
    for (const bias of flags) {
      for (const activation of activations) yield draft(activation, bias, { strides: 1, pad: 'same' });
      for (const activation of ['linear', 'relu']) {
        for (const [strides, pad] of bias
          ? ([
              [2, 'same'],
              [[2, 1], 'valid'],
            ] as const)
          : ([
              [1, 'valid'],
              [[1, 2], 'same'],
            ] as const)) {
          yield draft(activation, bias, { strides, pad });
        }
        yield draft(activation, bias, { strides: 1, pad: 'same', dilations: [1, 2] }, 'dilation');
      }
      yield draft('linear', bias, { strides: 1, pad: 'same' }, undefined, []);
      yield draft('relu', bias, {
        strides: 1,
        pad: [
          [0, 0],
          [1, 0],
          [0, 2],
          [0, 0],
        ],
      });
      if (!depthwise) {
        yield draft('linear', bias, { strides: 1, pad: 'valid', dataFormat: 'NCHW' }, 'NCHW');
      }
    }
  }
}

function* cells(): Iterable<CaseDraft> {
  const names = ['forgetBias', 'kernel', 'bias', 'data', 'c', 'h'];
  for (const [size, units] of [
    [1, 1],
    [2, 1],
    [2, 2],
  ]) {
    for (const member of [0, 1]) {
      const shapes = [[], [size + units, 4 * units], [4 * units], [2, size], [2, units], [2, units]];
      yield {
        op: 'basicLSTMCell',
        inputs: Object.fromEntries(
          names.map((name, i) => [name, real(shapes[i], name === 'kernel' ? 'unit' : 'signed')]),
        ),
        expression: get(call('basicLSTMCell', ...names.map(input)), member),
        order: units > 1 ? 1 : 2,
      };
    }
  }
}

/** Every shape that broadcasts to the output's, of the bias and of prelu's weights. */
function* biases(): Iterable<CaseDraft> {
  const draft = (
    op: string,
    variant: string,
    inputs: Record<string, InputDraft>,
    options: Record<string, Argument>,
  ): CaseDraft => ({
    op,
    variant,
    inputs,
    expression: call(op, {
      ...Object.fromEntries(
        Object.keys(inputs)
          .filter((name) => name !== 'alpha')
          .map((name) => [name, input(name)]),
      ),
      ...options,
    }),
    order: 1,
  });
  const matrices = { a: real([2, 3]), b: real([3, 4]) };
  for (const shape of [[], [1], [4], [1, 4], [2, 1], [2, 4]]) {
    yield draft('fused.matMul', 'bias', { ...matrices, bias: real(shape) }, { activation: 'relu' });
    const alpha = { ...matrices, alpha: real(shape, 'positive') };
    yield draft('fused.matMul', 'prelu', alpha, {
      activation: 'prelu',
      preluActivationWeights: input('alpha'),
    });
  }
  const batches = { a: real([2, 2, 3]), b: real([2, 3, 4]) };
  for (const shape of [[4], [1, 1, 4], [2, 1, 4], [2, 2, 4]]) {
    yield draft('fused.matMul', 'bias', { ...batches, bias: real(shape) }, {});
  }
  for (const op of ['fused.conv2d', 'fused.depthwiseConv2d']) {
    const images = {
      x: real([2, 3, 4, 2]),
      filter: real(op === 'fused.conv2d' ? [2, 2, 2, 3] : [2, 2, 2, 1]),
    };
    const channels = op === 'fused.conv2d' ? 3 : 2;
    for (const shape of [[], [1], [channels], [1, 1, channels], [3, 4, channels]]) {
      const more = { strides: 1, pad: 'same' };
      yield draft(op, 'bias', { ...images, bias: real(shape) }, more);
      const alpha = { ...images, alpha: real(shape, 'positive') };
      yield draft(op, 'prelu', alpha, {
        ...more,
        activation: 'prelu',
        preluActivationWeights: input('alpha'),
      });
    }
  }
}

export const fused: Family = {
  name: 'fused',
  *cases(choices: Choices): Iterable<CaseDraft> {
    yield* matMuls(choices);
    yield* convolutions(choices);
    yield* cells();
    yield* biases();
    for (const [rate, noiseShape, seed] of [
      [0.5, null, 7],
      [0.25, null, 11],
      [0.5, [3, 1], 5],
      [0, null, 1],
    ] as const) {
      yield {
        op: 'dropout',
        inputs: { x: real([3, 4]) },
        expression: call('dropout', input('x'), rate, noiseShape, seed),
      };
    }
  },
};
