/** Signals and spectra: frames, windows, Fourier transforms, and the parts of complex numbers. */
import { real, type CaseDraft, type Choices, type Family } from './case.js';
import { call, input, inputsOf, type Expression } from './expression.js';

const [x, y, u, v] = ['x', 'y', 'u', 'v'].map(input);
const parts = ['real', 'imag', 'abs'];

function* framing(): Iterable<CaseDraft> {
  for (const [length, step] of [
    [3, 2],
    [4, 4],
    [4, 1],
    [2, 3],
  ]) {
    for (const padEnd of [false, true]) {
      yield {
        op: 'signal.frame',
        inputs: { x: real([8]) },
        expression: call('signal.frame', x, length, step, padEnd, 0.5),
      };
    }
    for (const window of ['hammingWindow', 'hannWindow']) {
      yield {
        op: `signal.${window}`,
        inputs: { x: real([9]) },
        expression: call('mul', call('signal.frame', x, length, step), call(`signal.${window}`, length)),
      };
    }
  }
  for (const part of parts) {
    for (const [length, step, fftLength] of [
      [4, 2, 4],
      [4, 3, 8],
      [3, 2, 4],
    ]) {
      yield {
        op: 'signal.stft',
        inputs: { x: real([8]) },
        expression: call(part, call('signal.stft', x, length, step, fftLength)),
      };
    }
  }
}

function* transforms(): Iterable<CaseDraft> {
  for (const shape of [[5], [8], [2, 3], [2, 2, 4]]) {
    const inputs = { x: real(shape), y: real(shape) };
    const complex = call('complex', x, y);
    for (const part of parts) {
      for (const op of ['spectral.fft', 'spectral.ifft']) {
        yield { op, inputs, expression: call(part, call(op, complex)) };
      }
      yield {
        op: 'spectral.rfft',
        inputs: { x: real(shape) },
        expression: call(part, call('spectral.rfft', x)),
      };
    }
    yield { op: 'spectral.irfft', inputs, expression: call('spectral.irfft', complex) };
  }
  yield {
    op: 'spectral.irfft',
    inputs: { x: real([3, 2]), y: real([3, 2]) },
    expression: call('spectral.irfft', call('complex', x, y)),
  };
  for (const fftLength of [3, 8]) {
    yield {
      op: 'spectral.rfft',
      inputs: { x: real([2, 5]) },
      expression: call('real', call('spectral.rfft', x, fftLength)),
    };
  }
  yield {
    op: 'spectral.irfft',
    inputs: { x: real([2, 4]) },
    expression: call('spectral.irfft', call('spectral.rfft', x)),
  };
}

function* complexNumbers(choices: Choices): Iterable<CaseDraft> {
  const complex = call('complex', x, y);
  for (const rank of [0, 1, 3]) {
    const shape = choices.shape(rank, 12);
    const inputs = { x: real(shape), y: real(shape) };
    for (const part of ['real', 'imag']) yield { op: part, inputs, expression: call(part, complex) };
    yield { op: 'abs', variant: 'complex', inputs, expression: call('abs', complex) };
  }
  yield {
    op: 'complex',
    inputs: { x: real([3]) },
    expression: call('abs', call('complex', call('sin', x), call('cos', call('mul', 2, x)))),
  };
  const other = call('complex', u, v);
  const composites: Record<string, Expression> = {
    add: call('add', complex, other),
    sub: call('sub', complex, other),
    mul: call('mul', complex, other),
    concat: call('concat', [complex, other], -1),
    reshape: call('reshape', complex, [3, 2]),
    transpose: call('transpose', complex),
  };
  for (const [op, expression] of Object.entries(composites)) {
    for (const part of ['real', 'imag']) {
      yield {
        op,
        variant: 'complex',
        inputs: Object.fromEntries(inputsOf(expression).map((name) => [name, real([2, 3])])),
        expression: call(part, expression),
      };
    }
  }
}

export const spectral: Family = {
  name: 'spectral',
  *cases(choices: Choices): Iterable<CaseDraft> {
    yield* framing();
    yield* transforms();
    yield* complexNumbers(choices);
  },
};
