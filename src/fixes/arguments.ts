/** Arguments that an op hands on to its kernel otherwise than it was meant to. */
import { engine, engineMethod } from './engine-methods.js';
import type { Fix } from './fix.js';

/** Whether the op under way is tf.conv2d, called by tf.conv1d. */
function isConv1d(): boolean {
  const names = (engine().state.scopeStack ?? []).slice(-2).map(({ name }) => name?.replace(/__op$/, ''));
  return names[0] === 'conv1d' && names[1] === 'conv2d';
}

/**
 * A convolution of rows is one of images of one row. Where it is given a number, its padding is for the row's ends; tf.conv2d would pad above and
 * below it too, and its result would not be a row again.
 */
const runKernel = engineMethod(
  'runKernel',
  (before) =>
    function (name, inputs, attrs) {
      const pad = name === 'Conv2D' && (attrs as { pad?: unknown }).pad;
      if (typeof pad !== 'number' || pad === 0 || !isConv1d())
        return before.call(engine(), name, inputs, attrs);
      const none = [0, 0];
      return before.call(engine(), name, inputs, { ...attrs, pad: [none, none, [pad, pad], none] });
    },
);

export const ARGUMENT_FIXES: readonly Fix[] = [
  {
    id: 'conv1d-pad',
    family: 'engine',
    ops: ['conv1d'],
    wrong: 'With a number for pad it throws “Size(…) must match the product of shape …”.',
    engine: runKernel('conv1d-pad'),
  },
];
