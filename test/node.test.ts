/** The public names of `gradparity/node` and of the built package. */
import { expect, test } from '@jest/globals';
import * as node from '../src/node.js';

test.each(['loadMnist', 'selectBackend', 'availableBackends', 'saveModel', 'loadModel', 'loadLayersModel'])(
  'gradparity/node has %s',
  (name) => {
    expect(typeof node[name as keyof typeof node]).toBe('function');
  },
);

test('the package, imported by its own name, is the built one', async () => {
  // As variables, so that the type check does not want dist/ to be there.
  const [main, nodeOnly] = ['gradparity', 'gradparity/node'];
  // One after the other: Jest's loader stumbles over two graphs that share a package and are linked at once.
  const { sigmoid } = await import(main);
  const { loadModel } = await import(nodeOnly);
  expect(typeof sigmoid).toBe('function');
  expect(typeof loadModel).toBe('function');
});
