/** Whose mistake it is. Oracle: docs/tfjs-gradients.known.json, and mistakes put in beside TensorFlow.js' own. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { selectBackend } from '../../../src/backends/select.js';
import { gradcheck } from '../../../src/gradcheck/gradcheck.js';
import { elementwise } from '../zoo/support.js';
import { knownAtTies, knownFaults, faultOf } from '../../../src/gradcheck/diagnosis/tensorflow.js';
import { GradientFailure } from '../../../src/gradcheck/engine/index.js';
import type { Step } from '../../../src/gradcheck/engine/subject.js';
import { diagonal, made, type MadeParts } from './made-up.js';
import { said } from './support.js';

type T = tf.Tensor;
const at = [[0.3, 0.7, -1.1, 0.2]];
const mirror = (x: T): T => tf.mirrorPad(x, [[2, 2]], 'reflect');
const ofMirror =
  /f uses MirrorPad, whose gradient in TensorFlow\.js 4\.22 is wrong \(docs\/tfjs-gradients\.md; import 'gradparity\/fixes' mends it\)\./;

test('an op whose gradient is known to be wrong', () => {
  expect(said(mirror, at)).toMatch(ofMirror);
  expect(said((x: T) => tf.sum(mirror(tf.sin(x))), at)).toMatch(ofMirror);
});

test('one that is not on the way from the inputs to the output is not named', () => {
  const f = elementwise(
    (x) => tf.sin(x),
    (x) => tf.mul(2, tf.cos(x)),
  );
  const beside = (x: T): T => {
    mirror(x);
    return tf.add(f(x), tf.sum(mirror(tf.tensor1d([1, 2, 3]))));
  };
  const text = said(beside, at);
  expect(text).toMatch(/2 times what it should be/);
  expect(text).not.toMatch(/TensorFlow/);
});

test("a wrong gradient of the user's own beside such an op: its form first, then the possibility", () => {
  const f = elementwise(
    (x) => tf.sin(x),
    (x) => tf.mul(2, tf.cos(x)),
  );
  const text = said((x: T) => tf.concat([f(x), mirror(tf.mul(0, x))]), at);
  expect(text).toMatch(/^input 0: .*2 times what it should be/);
  expect(text).toMatch(
    /\nf also uses MirrorPad.*: the mistake may be there, or in a gradient function of f's own/,
  );
});

test('where the gradient is right such an op is not named', () => {
  expect(said((x: T) => tf.mirrorPad(x, [[0, 0]], 'reflect'), at)).toBe('');
});

test('a condition that the tape shows: casts to whole numbers, and not others', () => {
  const f = elementwise(
    (x) => tf.sin(x),
    (x) => tf.add(tf.cos(x), 1),
  );
  expect(said((x: T) => tf.cast(f(x), 'float32').add(tf.cast(tf.cast(x, 'int32'), 'float32')), at)).toMatch(
    /f also uses Cast, .* wrong to whole numbers/,
  );
  expect(said((x: T) => tf.pow(tf.add(f(x), 3), 2), at)).not.toMatch(/Cast/);
});

test.each<[string, (x: T) => T, 1 | 2, RegExp]>([
  [
    'one part',
    (x) => tf.split(x, 1)[0],
    1,
    /SplitV throws.*\nThat is a fault of TensorFlow\.js 4\.22 \(docs/s,
  ],
  [
    'batchNorm',
    (x) => tf.batchNorm(tf.reshape(x, [2, 2]), [0, 0], [1, 1]),
    1,
    /records it.*\nThat is a fault/s,
  ],
  ['cumprod', (x) => tf.cumprod(x), 1, /Cumprod has no gradient.*\nThat is a fault/s],
  [
    'elu, second order',
    (x) => tf.elu(x),
    2,
    /Second order: EluGrad has no gradient.*\nSecond order: f uses Elu, whose second derivative TensorFlow\.js 4\.22 cannot/s,
  ],
])('a gradient that cannot be computed: %s', async (_name, f, order, sentence) => {
  expect((await gradcheck(f, at, { order })).diagnosis.join('\n')).toMatch(sentence);
});

test("a gradient of the user's own that throws is not TensorFlow.js' fault", async () => {
  const f = (x: T): T =>
    tf.customGrad((y) => ({
      value: tf.sin(y as T),
      gradFunc: () => {
        throw new Error('not yet written');
      },
    }))(x);
  expect((await gradcheck(f, at)).diagnosis).toEqual(['The gradient throws: not yet written']);
});

test("a backend's own kernel is named where the check is on that backend", async () => {
  await tf.setBackend('cpu');
  const x = tf.randomNormal([1, 3, 3, 1], 0, 1, 'float32', 1);
  const pooled = (image: T): T => tf.avgPool(image as tf.Tensor4D, 2, 1, 'same');
  const { verdict, diagnosis } = await gradcheck(pooled, [x], { precision: 'native' });
  expect(verdict).toBe('wrong');
  expect(diagnosis.join('\n')).toMatch(
    /f uses AvgPool, whose gradient in TensorFlow\.js 4\.22 is wrong on the backend cpu/,
  );
  x.dispose();
  expect(said(mirror, at)).not.toMatch(/on the backend/);
});

test('of another TensorFlow.js than the one that was swept nothing is said', () => {
  const { 'tfjs-core': version } = tf.version;
  try {
    tf.version['tfjs-core'] = '4.23.0';
    expect(said(mirror, at)).not.toMatch(/TensorFlow/);
    tf.version['tfjs-core'] = '4.22.1';
    expect(said(mirror, at)).toMatch(ofMirror);
  } finally {
    tf.version['tfjs-core'] = version;
  }
});

const read = (file: string): { findings?: string[]; faults?: { finding: string }[] } =>
  JSON.parse(readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8'));

test('the list is what the known findings give', () => {
  const known = new Set(read('docs/tfjs-gradients.known.json').findings);
  const { faults } = read('src/gradcheck/diagnosis/tfjs-faults.json');
  expect(faults?.length).toBeGreaterThan(80);
  expect(faults?.filter(({ finding }) => !known.has(finding))).toEqual([]);
  const { status, stderr } = spawnSync(
    process.execPath,
    [new URL('../../../scripts/known-faults.mjs', import.meta.url).pathname, '--check'],
    { encoding: 'utf8' },
  );
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
});

describe('of ops as the tape has them', () => {
  const step = (op: string, parts: Partial<Step> = {}): Step => ({ op, inputs: [], outputs: [], ...parts });
  const tensor = (shape: number[], dtype: tf.DataType = 'float32') => ({ shape, dtype });
  const passOf = (steps: Step[], parts: MadeParts = {}, custom = false) =>
    made([{ shape: [2], jacobian: diagonal([1, 2]) }], { ...parts, recording: { steps, custom } }).pass;
  const known = (steps: Step[], parts?: MadeParts, custom?: boolean) =>
    knownFaults(passOf(steps, parts, custom));
  const uses = (what: string, where = '', of = 'gradient'): string =>
    `f uses ${what}, whose ${of} in TensorFlow.js 4.22 is wrong${where} (docs/tfjs-gradients.md; import 'gradparity/fixes' mends it).`;

  beforeEach(async () => {
    await tf.setBackend('cpu');
  });

  test('wrong in plain cases; none that are right', () => {
    expect(known([step('Add'), step('MirrorPad')])).toBe(uses('MirrorPad'));
    expect(known([step('Add'), step('Sin')])).toBeUndefined();
    // Those that throw, or have no gradient, give no wrong ones; those at ties are not called wrong.
    expect(known([step('Any'), step('Cumprod')])).toBeUndefined();
    expect(known([step('Max'), step('Min')])).toBeUndefined();
  });

  test('several: by their names, each once, without their cases', () => {
    expect(known([step('MirrorPad'), step('FloorDiv'), step('MirrorPad')])).toBe(
      uses('FloorDiv and MirrorPad'),
    );
    expect(known([step('softmaxCrossEntropy'), step('FloorDiv')])).toBe(
      uses('FloorDiv and softmaxCrossEntropy'),
    );
  });

  test('in the case in which they are wrong, where the tape tells; else with its words', () => {
    expect(known([step('Cast', { outputs: [tensor([2], 'int32')] })])).toBe(
      uses('Cast', ' to whole numbers'),
    );
    expect(known([step('Cast', { outputs: [tensor([2])] })])).toBeUndefined();
    expect(known([step('Cast', { outputs: [tensor([2]), tensor([2], 'bool')] })])).toBe(
      uses('Cast', ' to whole numbers'),
    );
    expect(known([step('softmaxCrossEntropy')])).toBe(uses('softmaxCrossEntropy', ' by the labels'));
  });

  test('of the order that is checked', () => {
    expect(known([step('Pow')])).toBeUndefined();
    expect(known([step('Pow')], { order: 2 })).toBe(uses('Pow', ' at 0', 'second derivative'));
    expect(known([step('MirrorPad')], { order: 2 })).toBeUndefined();
    expect(known([step('softmaxCrossEntropy')], { order: 2 })).toBe(
      uses('softmaxCrossEntropy', '', 'second derivative'),
    );
  });

  test('of the backend in use where the check is on it, after those of every backend', async () => {
    const native = { precision: 'native' } as const;
    const on = (backend: string): string => ` on the backend ${backend}`;
    expect(known([step('AvgPool')])).toBeUndefined();
    expect(known([step('AvgPool')], native)).toBe(uses('AvgPool', on('cpu')));
    expect(known([step('MaxPool')], native)).toBe(uses('MaxPool', ` with a padding in numbers${on('cpu')}`));
    expect(known([step('AvgPool'), step('MirrorPad')], native)).toBe(uses('MirrorPad and AvgPool'));
    expect(known([step('Conv3D')], native)).toBe(
      uses('Conv3D', ` with strides of unequal sizes${on('cpu')}`),
    );
    await selectBackend('wasm');
    expect(known([step('Conv3D')], native)).toBe(uses('Conv3D', on('wasm')));
    expect(known([step('ResizeBilinear')], native)).toBe(
      uses('ResizeBilinear', ` with halfPixelCenters${on('wasm')}`),
    );
  });

  test('beside gradients of the user’s own a possibility', () => {
    expect(known([step('MirrorPad')], {}, true)).toBe(
      "f also uses MirrorPad, whose gradient in TensorFlow.js 4.22 is wrong (docs/tfjs-gradients.md; import 'gradparity/fixes' mends it): the mistake may be there, or in a gradient function of f's own.",
    );
  });

  test('at ties: those that are wrong there and no others, and not beside gradients of the user’s own', () => {
    const at = (steps: Step[], parts?: MadeParts, custom?: boolean) =>
      knownAtTies(passOf(steps, parts, custom));
    expect(at([step('Max')])).toBe(uses('Max', ' at ties'));
    expect(at([step('Max'), step('Min')])).toBe(uses('Max and Min'));
    expect(at([step('MirrorPad'), step('Cast', { outputs: [tensor([2], 'int32')] })])).toBeUndefined();
    expect(at([step('Max')], {}, true)).toBeUndefined();
    expect(at([step('Max')], { order: 2 })).toBeUndefined();
  });

  describe('a gradient that cannot be computed', () => {
    const fault = (op: string | undefined, order: 1 | 2, steps: Step[] = [], custom = false) =>
      faultOf(new GradientFailure('unsupported', 'No.', { op }), passOf(steps, {}, custom).subject, order);
    const ofTensorFlow =
      "That is a fault of TensorFlow.js 4.22 (docs/tfjs-gradients.md; import 'gradparity/fixes' mends it), and none of f.";
    const second = (op: string): string =>
      `f uses ${op}, whose second derivative TensorFlow.js 4.22 cannot compute (docs/tfjs-gradients.md; import 'gradparity/fixes' mends it).`;

    test('the first: by the op at which it failed', () => {
      expect(fault('Cumprod', 1)).toBe(ofTensorFlow);
      expect(fault('Tile', 1)).toBe(ofTensorFlow);
      expect(fault(undefined, 1)).toBeUndefined();
      expect(fault('Sin', 1)).toBeUndefined();
      // Wrong, but computed; or only the second derivative is not.
      expect(fault('MirrorPad', 1)).toBeUndefined();
      expect(fault('Elu', 1)).toBeUndefined();
    });

    test('the second: by the ops of f', () => {
      expect(fault('EluGrad', 2, [step('Sin'), step('Elu')])).toBe(second('Elu'));
      expect(fault('Sin', 2, [step('ClipByValue')])).toBe(second('ClipByValue'));
      expect(fault(undefined, 2, [step('Elu')])).toBeUndefined();
      expect(fault('EluGrad', 2, [step('Sin')])).toBeUndefined();
      expect(fault('EluGrad', 2, [step('softmaxCrossEntropy')])).toBeUndefined();
      expect(fault('EluGrad', 2, [step('Elu')], true)).toBeUndefined();
    });

    test('where f cannot be recorded nothing is said; another error than a gradient’s is none of it', () => {
      const throwing = (error: Error) => {
        const { subject } = passOf([]);
        Object.assign(subject, {
          recording: () => {
            throw error;
          },
        });
        return () => faultOf(new GradientFailure('wrong', 'No.', { op: 'Elu' }), subject, 2);
      };
      expect(throwing(new GradientFailure('wrong', 'f runs alone.'))()).toBeUndefined();
      expect(throwing(new TypeError('a bug'))).toThrow('a bug');
    });
  });

  test('by another TensorFlow.js none is known', () => {
    const { 'tfjs-core': version } = tf.version;
    try {
      tf.version['tfjs-core'] = '4.2.0';
      expect(known([step('MirrorPad')])).toBeUndefined();
      expect(
        faultOf(new GradientFailure('unsupported', 'No.', { op: 'Cumprod' }), passOf([]).subject, 1),
      ).toBeUndefined();
    } finally {
      tf.version['tfjs-core'] = version;
    }
  });
});
