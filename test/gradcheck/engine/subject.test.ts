/** The function under check as numbers. Oracle: closed forms; how each function was made to fail; tf.grad's own behaviour. */
import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../../../src/errors.js';
import { FunctionError, GradientFailure } from '../../../src/gradcheck/engine/failures.js';
import { Subject, type CheckedFunction, type CheckedInputs } from '../../../src/gradcheck/engine/subject.js';
import { describeOnEachBackend, tensorCount } from '../../support/backends.js';
import { withGradient } from '../zoo/support.js';
import { present } from '../../support/present.js';

type T = tf.Tensor;

/** What the steps of a check do with f, in their order; what it ends with. */
function outcome(
  f: CheckedFunction,
  inputs: CheckedInputs,
  precision: 'float64' | 'native' = 'float64',
): Error | undefined {
  const subject = Subject.of(f, inputs, { precision });
  const before = tensorCount();
  try {
    subject.work(() => {
      subject.evaluateGuarded();
      const [outputs] = subject.evaluateGuarded();
      subject.vjp([Float64Array.from(outputs, () => 1)]);
    });
    return undefined;
  } catch (error) {
    return error as Error;
  } finally {
    expect(tensorCount()).toBe(before);
    expect(tf.engine().state.activeTape ?? null).toBeNull();
  }
}

describeOnEachBackend('the phases of a throw', (backend) => {
  const boo = new Error('boo');

  test('f alone: an InputError with its own error as the cause', () => {
    const error = outcome(
      (x: T) => {
        tf.exp(x);
        throw boo;
      },
      [[1, 2]],
    );
    expect(error).toBeInstanceOf(FunctionError);
    expect(error).toBeInstanceOf(InputError);
    expect(error).toMatchObject({ message: 'gradcheck: f threw: boo', cause: boo });
  });

  test('f when it is called again', () => {
    let calls = 0;
    const error = outcome(
      (x: T) => {
        if (++calls > 1) throw boo;
        return tf.sin(x);
      },
      [[1, 2]],
    );
    expect(error).toMatchObject({ message: 'gradcheck: f threw, after it had run before: boo', cause: boo });
  });

  test.each(['float64', 'native'] as const)(
    'f while it is taped, in %s: batchNorm without scale, whose gradient saves what is not there',
    (precision) => {
      const error = outcome(
        (x: T) => tf.batchNorm(x, [0, 0], [1, 1]),
        [
          [
            [1, 2],
            [3, 4],
          ],
        ],
        precision,
      );
      expect(error).toMatchObject({ verdict: 'wrong', op: 'FusedBatchNorm' });
      expect(present(error).message).toMatch(
        /^f runs alone, but throws while TensorFlow.js records it.*Cannot read properties/,
      );
      expect((present(error).cause as Error).message).toMatch(/^Cannot read properties/);
    },
  );

  test('batchNorm with scale and offset passes', () => {
    expect(
      outcome(
        (x: T) => tf.batchNorm(x, [0, 0], [1, 1], [0, 0], [1, 1]),
        [
          [
            [1, 2],
            [3, 4],
          ],
        ],
      ),
    ).toBeUndefined();
  });

  test("the gradient: a user's, and TensorFlow.js' own by its op's name", () => {
    const own = withGradient(
      (x) => tf.sin(x),
      () => {
        throw boo;
      },
    );
    expect(outcome(own, [[1, 2]])).toMatchObject({ message: 'The gradient throws: boo', cause: boo });
    // tfjs-core's Tile_grad.js knows ranks up to 4.
    const tile = outcome((x: T) => tf.tile(tf.reshape(x, [1, 1, 1, 1, 2]), [1, 1, 1, 1, 2]), [[1, 2]]);
    expect(tile).toMatchObject({ verdict: 'wrong', op: 'Tile' });
    expect(present(tile).message).toMatch(/^The gradient of Tile throws: .*not implemented for rank-5/);
  });

  describe('tensors that were disposed', () => {
    const closing = (dispose: boolean) => (x: T) =>
      tf.customGrad((at) => {
        const slope = tf.cos(at as T);
        const value = tf.sin(at as T);
        return {
          value,
          gradFunc: (dy: T) => tf.mul(dy, dispose ? slope : tf.cos(x)),
        };
      })(x);

    test('a gradient function that uses what it did not save', () => {
      const error = outcome(closing(true), [[1, 2]]);
      expect(error).toMatchObject({ verdict: 'wrong' });
      expect(present(error).message).toMatch(
        /gradient function of tf.customGrad uses a tensor that was disposed \(in Multiply\).*save\(\[\.\.\.\]\).*`saved`/,
      );
    });

    test('one that reads it: dataSync', () => {
      const f = (x: T): T =>
        tf.customGrad((at) => {
          const slope = tf.cos(at as T);
          return {
            value: tf.sin(at as T),
            gradFunc: (dy: T) => tf.mul(dy, tf.tensor1d(Array.from(slope.dataSync()))),
          };
        })(x);
      expect(present(outcome(f, [[1, 2]])).message).toMatch(
        /uses a tensor that was disposed\. What it needs/,
      );
    });

    test('a gradient function that uses what is still there passes', () => {
      expect(outcome(closing(false), [[1, 2]])).toBeUndefined();
    });

    test('f that uses one', () => {
      const gone = tf.scalar(2);
      gone.dispose();
      const error = outcome((x: T) => tf.mul(x, gone), [[1, 2]]);
      expect(error).toBeInstanceOf(FunctionError);
      expect(present(error).message).toMatch(/^gradcheck: f uses a tensor that was disposed\. Make it anew/);
    });

    test('f that makes a tensor in its first call and uses it in the next', () => {
      let kept: T | undefined;
      const error = outcome((x: T) => tf.mul(x, (kept ??= tf.scalar(2))), [[1, 2]]);
      expect(present(error).message).toMatch(/disposed since f was called before.*tidied away.*in each call/);
    });

    test('f that keeps it with tf.keep passes, and the check leaves it alone', () => {
      let kept: T | undefined;
      const f = (x: T): T => {
        kept ??= tf.keep(tf.scalar(2));
        return tf.mul(x, kept);
      };
      f(tf.scalar(1)).dispose();
      const failing = (x: T): T => tf.batchNorm(tf.mul(x, present(kept)), [0, 0], [1, 1]);
      expect(outcome(f, [[1, 2]])).toBeUndefined();
      expect(outcome(failing, [[[1, 2]]])).toMatchObject({ op: 'FusedBatchNorm' });
      expect(present(kept).isDisposed).toBe(false);
      present(kept).dispose();
    });

    test("f's output", () => {
      const error = outcome(
        (x: T) => {
          const y = tf.sin(x);
          y.dispose();
          return y;
        },
        [[1, 2]],
      );
      expect(present(error).message).toMatch(/f returned a tensor that was disposed/);
    });

    test('an intermediate result, which the backward pass of its own op needs', () => {
      // Saved clones outlive it.
      expect(
        outcome(
          (x: T) => {
            const y = tf.sin(x);
            const z = tf.square(y);
            y.dispose();
            return z;
          },
          [[1, 2]],
        ),
      ).toBeUndefined();
    });
  });

  test('f that returns its input: tf.grad throws, and so does the check; a clone passes', () => {
    expect(() => tf.grad((x: T) => x)(tf.tensor1d([1]))).toThrow(/Cannot compute gradient of y=f\(x\)/);
    const error = outcome((x: T) => x, [[1, 2]]);
    expect(error).toMatchObject({ verdict: 'wrong' });
    expect(present(error).message).toMatch(
      /f returns its input itself.*Cannot compute gradient.*x\.clone\(\)/,
    );
    expect(outcome((x: T) => x.clone(), [[1, 2]])).toBeUndefined();
  });

  test('a kernel that gives fewer numbers than its shape has room for', () => {
    const kernelName = `Short${backend}`;
    const config = {
      kernelName,
      backendName: 'cpu',
      kernelFunc: ({ backend: cpu }: { backend: unknown }) =>
        (
          cpu as { makeTensorInfo(shape: number[], dtype: string, values: unknown): tf.TensorInfo }
        ).makeTensorInfo([2, 3], 'float32', new Float64Array(3)),
    };
    tf.registerKernel(config);
    const f = (x: T): T => tf.engine().runKernel<T>(kernelName, { x });
    const error = outcome(f, [[1, 2]]);
    expect(error).toMatchObject({ verdict: 'unsupported' });
    expect(present(error).message).toMatch(
      /shape \[2,3\] and 3 numbers instead of 6: a kernel of the backend float64/,
    );
    tf.unregisterKernel(kernelName, 'cpu');
  });
});

describe('exactly', () => {
  const messageOf = (run: () => unknown): string => {
    try {
      run();
      return 'no error';
    } catch (error) {
      return (error as Error).message;
    }
  };
  const guarded = (f: CheckedFunction, inputs: CheckedInputs): string => {
    const subject = Subject.of(f, inputs, {});
    return messageOf(() => subject.work(() => [subject.evaluateGuarded(), subject.evaluateGuarded()]));
  };

  test('what f has to be', () => {
    expect(messageOf(() => Subject.of(3 as unknown as CheckedFunction, [1], {}))).toBe(
      'gradcheck: f must be a function of tensors, got number.',
    );
  });

  test('f that changes its inputs: which entry of which, from what to what', () => {
    const write =
      (which: number, at: number, value: number): CheckedFunction =>
      (...xs: T[]) => {
        const y = tf.concat(xs.map((x) => tf.square(x)));
        xs[which].dataSync()[at] = value;
        return y;
      };
    const inputs = [
      [1, 2],
      [3, 4],
    ];
    expect(guarded(write(0, 0, 7), inputs)).toBe(
      'f changed its inputs: entry 0 of input 0 was 1 and is now 7. Work on a copy.',
    );
    expect(guarded(write(1, 1, NaN), inputs)).toBe(
      'f changed its inputs: entry 1 of input 1 was 4 and is now NaN. Work on a copy.',
    );
    expect(guarded(write(1, 1, 4), inputs)).toBe('no error');
  });

  test('NaN in a constant is no change, nor is -0 for 0', () => {
    const f = (x: T, c: T): T => {
      c.dataSync()[1] = -0;
      return tf.mul(x, tf.slice(c, 0, 1));
    };
    const subject = Subject.of(f, [[1], [NaN, 0]], { constant: [1] });
    expect(messageOf(() => subject.work(() => subject.evaluateGuarded()))).toBe('no error');
  });

  test('f that disposes of its inputs: of which', () => {
    const dispose =
      (which: number): CheckedFunction =>
      (...xs: T[]) => {
        const y = tf.add(xs[0], xs[1]);
        xs[which].dispose();
        return y;
      };
    for (const which of [0, 1]) {
      expect(guarded(dispose(which), [[1], [2]])).toBe(
        `f changed its inputs: it disposed input ${which}. Leave them to the caller.`,
      );
    }
  });

  test('f whose outputs change their shapes', () => {
    let calls = 0;
    const f = (x: T): T[] => (calls++ ? [tf.sum(x), x] : [tf.square(x), tf.reshape(x, [1, 2])]);
    expect(guarded(f, [[1, 2]])).toBe(
      "gradcheck: f's output must keep its shape, but it was [2], [1,2] and then [], [2].",
    );
  });

  test('an input that f does not use, with up to three of the variables that it uses', () => {
    const told = (count: number): string => {
      const names = Array.from({ length: count }, (_, i) => `v${count}${i}`);
      const variables = names.map((name) => tf.variable(tf.scalar(1), true, name));
      const subject = Subject.of(
        () => tf.addN([tf.scalar(1), ...variables.map((v) => tf.square(v))]),
        [[1]],
        {},
      );
      const { message } = subject.work(() => subject.disconnected(subject.active[0]));
      tf.dispose(variables);
      return message;
    };
    const hint = (some: string): string =>
      ` f uses variables (${some}), which are not among its inputs: to check its gradient by them, name them in the option variables.`;
    const plain =
      "gradcheck: f's output does not depend on input 0. Use it in f, or name it in the option constant.";
    expect(told(0)).toBe(plain);
    expect(told(1)).toBe(plain + hint('v10'));
    expect(told(3)).toBe(plain + hint('v30, v31, v32'));
    expect(told(4)).toBe(plain + hint('v40, v41, v42, …'));
  });
});

describe('how f is called', () => {
  test('by name where its inputs have names; each call is counted; f is known to run', () => {
    const running: boolean[] = [];
    const subject: Subject = Subject.of(
      ({ a, b }: { a: T; b: T }) => {
        running.push(subject.forward);
        return tf.customGrad((x, save) => {
          (save as tf.GradSaveFunc)([]);
          return {
            value: tf.mul(x as T, 2),
            gradFunc: (dy: T) => {
              running.push(subject.forward);
              return tf.mul(dy, 2);
            },
          };
        })(tf.add(a, b));
      },
      { a: [1, 2], b: [3, 4] },
      {},
    );
    expect(subject.forward).toBe(false);
    subject.work(() => {
      expect(subject.evaluate()).toEqual([Float64Array.of(8, 12)]);
      expect(subject.evaluations).toBe(1);
      expect(subject.vjp([Float64Array.of(1, 10)])).toEqual([Float64Array.of(2, 20), Float64Array.of(2, 20)]);
    });
    expect(subject.evaluations).toBe(2);
    expect(running).toEqual([true, true, false]);
    expect(subject.forward).toBe(false);
  });

  test('with the tensors that are held, but for the inputs that move', () => {
    const seen: T[][] = [];
    const subject = Subject.of(
      (...xs: T[]) => {
        seen.push(xs);
        return tf.add(xs[0], xs[1]);
      },
      [[1], [2]],
      {},
    );
    subject.work(() => {
      const [x, y] = subject.active.map(({ values }) => values) as [Float64Array, Float64Array];
      subject.evaluate();
      subject.evaluate([x, Float64Array.of(5)]);
      subject.evaluate([x, y]);
      subject.evaluateGuarded();
      // A gradient function that changes its inputs must not change those of later evaluations.
      subject.vjp([Float64Array.of(1)]);
    });
    const [first, second, third, guarded, taped] = seen as [T[], T[], T[], T[], T[]];
    expect([second[0] === first[0], second[1] === first[1]]).toEqual([true, false]);
    expect([third[0] === first[0], third[1] === first[1]]).toEqual([true, true]);
    expect([guarded[0] === first[0], guarded[1] === first[1]]).toEqual([false, false]);
    expect([taped[0] === first[0], taped[1] === first[1]]).toEqual([false, false]);
  });

  test('the largest number within f, but for what stands for infinity; not in single precision', () => {
    const f = (x: T): T => tf.sub(tf.add(tf.maximum(tf.mul(x, 0), -1e38), 1e9), tf.add(x, 1e9));
    for (const [precision, largest] of [
      ['float64', 1e9 + 1],
      ['native', 0],
    ] as const) {
      const subject = Subject.of(f, [[1]], { precision });
      subject.work(() => {
        expect(subject.largestWithin()).toBe(largest);
      });
    }
    const masked = Subject.of((x: T) => tf.mul(tf.add(x, -1e38), 1e-38), [[1]], {});
    masked.work(() => {
      expect(masked.largestWithin()).toBeCloseTo(1, 5);
    });
  });

  test('an input’s own numbers stay as they are where f writes into its tensor; arrays of others are given away', () => {
    const subject = Subject.of((x: T) => (x.dataSync().fill(7), tf.square(x)), [[1, 2]], {});
    const [{ values }] = subject.active;
    const other = Float64Array.of(3, 4);
    subject.work(() => {
      subject.evaluate();
      subject.evaluate([other]);
      subject.vjp([Float64Array.of(1, 1)]);
    });
    expect(values).toEqual(Float64Array.of(1, 2));
    expect(other).toEqual(Float64Array.of(7, 7));
  });

  test('several outputs: the sum of their vector-Jacobian products; null where none hangs on an input', () => {
    const subject = Subject.of((x: T, _y: T, z: T) => [tf.square(x), tf.mul(x, z)], [[3], [4], [5]], {});
    subject.work(() => {
      subject.evaluate();
      expect(subject.vjp([Float64Array.of(2), Float64Array.of(10)])).toEqual([
        Float64Array.of(2 * 6 + 10 * 5),
        null,
        Float64Array.of(30),
      ]);
      // Elsewhere.
      expect(
        subject.vjp(
          [Float64Array.of(1), Float64Array.of(0)],
          [7, 4, 5].map((v) => Float64Array.of(v)),
        ),
      ).toEqual([Float64Array.of(14), null, Float64Array.of(0)]);
    });
  });

  test('a gradient that throws at a chosen point is none', () => {
    const own = withGradient(
      (x) => tf.square(x),
      (dy, x) => {
        if (x.dataSync()[0] > 1) throw new Error('boo');
        return tf.mul(dy, tf.mul(x, 2));
      },
    );
    const subject = Subject.of(own, [[1]], {});
    subject.work(() => {
      subject.evaluate();
      expect(subject.vjpMoved([Float64Array.of(1)], [Float64Array.of(0.5)])).toEqual([Float64Array.of(1)]);
      expect(subject.vjpMoved([Float64Array.of(1)], [Float64Array.of(3)])).toBeUndefined();
    });
  });

  test('a precision’s bits, rounding and numbers', () => {
    const [double, native] = (['float64', 'native'] as const).map((precision) =>
      Subject.of((x: T) => tf.mul(x, 3), [[0.1]], { precision }),
    ) as [Subject, Subject];
    expect([double.bits, native.bits]).toEqual([53, 24]);
    expect([double.round(0.1), native.round(0.1)]).toEqual([0.1, Math.fround(0.1)]);
    expect(double.work(() => double.evaluate())).toEqual([Float64Array.of(0.1 * 3)]);
    expect(native.work(() => native.evaluate())).toEqual([
      Float64Array.of(Math.fround(Math.fround(0.1) * 3)),
    ]);
    expect(double.work(() => double.vjp([Float64Array.of(0.1)]))).toEqual([Float64Array.of(0.1 * 3)]);
  });

  test('what leads from each input to the outputs', () => {
    const connected = (f: CheckedFunction): boolean[] => {
      const subject = Subject.of(f, [[1], [2]], {});
      return subject.work(() => subject.recording()).connected;
    };
    expect(connected((x: T) => tf.square(x))).toEqual([true, false]);
    expect(connected((x: T, y: T) => [x, tf.square(y)])).toEqual([true, true]);
    expect(connected((_x: T, y: T) => y)).toEqual([false, true]);
  });
});

test('an input among several outputs has its share of the gradient', () => {
  const subject = Subject.of((x: T) => [x, tf.square(x)], [[3]], {});
  subject.work(() => {
    subject.evaluate();
    expect(subject.vjp([Float64Array.of(5), Float64Array.of(10)])).toEqual([Float64Array.of(5 + 10 * 6)]);
  });
});

describe('the backend’s name', () => {
  const asking = (told: string[]) => (x: T) => {
    told.push(tf.getBackend());
    return tf.square(x);
  };

  test.each(['float64', 'native'] as const)('that f asks for in %s', (precision) => {
    const told: string[] = [];
    const subject = Subject.of(asking(told), [[1, 2]], { precision });
    subject.work(() => subject.evaluate());
    expect(new Set(told)).toEqual(new Set([precision === 'float64' ? 'cpu' : tf.getBackend()]));
    expect(subject.asksForBackend).toBe(precision === 'float64');
  });

  test('that the gradient asks for, and that nothing asks for', () => {
    const own = withGradient(
      (x) => tf.square(x),
      (dy, x) => tf.mul(dy, tf.mul(x, tf.getBackend() === 'cpu' ? 2 : 3)),
    );
    const gradient = (f: CheckedFunction): [number[], boolean] => {
      const subject = Subject.of(f, [[1, 2]], {});
      const [found] = subject.work(() => {
        subject.evaluate();
        return subject.vjp([Float64Array.of(1, 1)]);
      });
      return [Array.from(present(found)), subject.asksForBackend];
    };
    expect(gradient(own)).toEqual([[2, 4], true]);
    expect(gradient((x: T) => tf.square(x))).toEqual([[2, 4], false]);
  });
});

describe('dy', () => {
  /** a + b, with a gradient of one’s own. */
  const sum = (gradient: (dy: T) => T[]): ((a: T, b: T) => T) =>
    withGradient((a, b) => tf.add(a, b), gradient);
  const disposing = (dy: T): T[] => {
    const gradients = [tf.mul(dy, 1), tf.mul(dy, 1)];
    dy.dispose();
    return gradients;
  };

  test.each<[string, CheckedFunction]>([
    ['of the check', sum(disposing)],
    ['of another op', (a: T, b: T) => tf.sin(sum(disposing)(a, b))],
  ])('%s that a gradient function disposes of', (_whose, f) => {
    const error = outcome(f, [[1], [2]]);
    expect(error).toMatchObject({ verdict: 'wrong' });
    expect(present(error).message).toMatch(
      /^The gradient function of tf\.customGrad disposes of dy, which is not its own.*dy\.clone\(\)/,
    );
  });

  test('that the gradient of an op disposes of: the op is named', () => {
    const config = { kernelName: 'DisposesOfDy', backendName: 'cpu' };
    tf.registerKernel({ ...config, kernelFunc: ({ inputs }) => tf.square(inputs.x as T) });
    tf.registerGradient({
      kernelName: 'DisposesOfDy',
      inputsToSave: ['x'],
      gradFunc: (dy, [x]) => ({
        x: () => {
          const gradient = tf.mul(dy as T, tf.mul(x, 2));
          (dy as T).dispose();
          return gradient;
        },
      }),
    });
    try {
      const error = outcome((x: T) => tf.engine().runKernel('DisposesOfDy', { x }), [[1, 2]]);
      expect(error).toMatchObject({ verdict: 'wrong' });
      expect(present(error).message).toMatch(/^The gradient of DisposesOfDy disposes of dy/);
    } finally {
      tf.unregisterKernel('DisposesOfDy', 'cpu');
      tf.unregisterKernel('DisposesOfDy', 'float64');
      tf.unregisterGradient('DisposesOfDy');
    }
  });

  test('that is returned for several inputs: wrong where TensorFlow.js adds another gradient to it', () => {
    const both = sum((dy) => [dy, dy]);
    const error = outcome((x: T) => both(x, tf.sin(tf.exp(x))), [[1, 2]]);
    expect(error).toMatchObject({ verdict: 'wrong' });
    expect(present(error).message).toMatch(
      /^The gradient function of tf\.customGrad returns dy itself for several inputs/,
    );
    expect(outcome(both, [[1], [2]])).toBeUndefined();
    const clones = sum((dy) => [tf.clone(dy), tf.clone(dy)]);
    expect(outcome((x: T) => clones(x, tf.sin(tf.exp(x))), [[1, 2]])).toBeUndefined();
  });
});

describe('a point that the check chose', () => {
  const at = (f: CheckedFunction, values: number[]) => {
    const subject = Subject.of(f, [[1, 2]], {});
    const before = tensorCount();
    try {
      return subject.work(() => {
        subject.evaluateGuarded();
        return subject.evaluateMoved([Float64Array.from(values)]);
      });
    } finally {
      expect(tensorCount()).toBe(before);
    }
  };
  const positive = (x: T): T => {
    if (tf.min(x).dataSync()[0] <= 0) throw new InputError('x must be positive');
    return tf.square(x);
  };

  test('f that accepts it gives its numbers', () => {
    expect(at(positive, [3, 2])).toEqual([Float64Array.of(9, 4)]);
  });

  test.each<[string, CheckedFunction]>([
    ['f that throws', positive],
    ['f whose output changes its shape', (x: T) => (x.dataSync()[0] < 0 ? tf.sum(x) : tf.square(x))],
    ['f that returns something else', (x: T) => (x.dataSync()[0] < 0 ? 3 : tf.square(x))],
    [
      'f that uses a disposed tensor there',
      (x: T) => {
        const y = tf.square(x);
        if (x.dataSync()[0] < 0) y.dispose();
        return tf.mul(y, 2);
      },
    ],
  ])('%s gives none', (_name, f) => {
    expect(at(f, [-1, 2])).toBeUndefined();
    expect(at(f, [1, 2])).toBeDefined();
  });

  test('what disposes of its inputs there is told all the same', () => {
    const f = (x: T): T => {
      const y = tf.square(x);
      if (x.dataSync()[0] < 0) x.dispose();
      return y;
    };
    expect(() => at(f, [-1, 2])).toThrow(GradientFailure);
  });
});

describe('what is recorded of f', () => {
  const recording = (f: CheckedFunction, inputs: CheckedInputs) => {
    const subject = Subject.of(f, inputs, {});
    const before = tensorCount();
    const { steps, custom, variables } = subject.work(() => subject.recording());
    expect(tensorCount()).toBe(before);
    return { ops: [...new Set(steps.map(({ op }) => op))], custom, variables };
  };

  test('the ops between the inputs and the outputs, each once; no others', () => {
    const f = (x: T): T => {
      tf.exp(x);
      return tf.mul(tf.sin(tf.sin(x)), tf.sqrt(tf.scalar(2)));
    };
    expect(recording(f, [[1, 2]])).toEqual({ ops: ['Sin', 'Multiply'], custom: false, variables: [] });
  });

  test("a gradient of the user's own, as against one of TensorFlow.js' own", () => {
    const own = withGradient(
      (x) => tf.tan(x),
      (dy) => dy,
    );
    expect(recording((x: T) => tf.cos(own(x)), [[1, 2]])).toEqual({
      ops: ['Cos'],
      custom: true,
      variables: [],
    });
    const named = (x: T): T => tf.tidy('mine', () => own(x));
    expect(recording(named, [[1, 2]])).toMatchObject({ ops: [], custom: true });
    const { ops, custom } = recording((x: T) => tf.losses.softmaxCrossEntropy([[0, 1]], x), [[[1, 2]]]);
    expect(custom).toBe(false);
    expect(ops).toContain('softmaxCrossEntropy');
    expect(recording((x: T) => tf.concat([x, x]), [[1, 2]])).toMatchObject({
      ops: ['Concat'],
      custom: false,
    });
  });

  test('variables that f uses, in the message for an input that it does not use', () => {
    const weights = tf.variable(tf.tensor1d([1, 2]), true, 'weights of the test');
    const subject = Subject.of(() => tf.sum(tf.square(weights)), [[1, 2]], {});
    expect(subject.work(() => subject.disconnected(subject.active[0])).message).toMatch(
      /does not depend on input 0.*f uses variables \(weights of the test\).*name them in the option variables/,
    );
    weights.dispose();
    const plain = Subject.of(() => tf.scalar(2), [[1, 2]], {});
    expect(plain.work(() => plain.disconnected(plain.active[0])).message).not.toMatch(/variables/);
  });
});
