/** The tests' own configuration, with mutated sources and an environment that knows which mutant is on. */
import { fileURLToPath } from 'node:url';
import config from '../../jest.config.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const [[pattern, [, options]]] = Object.entries(config.transform);

export default {
  ...config,
  rootDir: here('../..'),
  transform: { [pattern]: [here('transform.mjs'), options] },
  setupFiles: [...config.setupFiles, here('no-shrinking.mjs')],
  testEnvironment: here('environment.mjs'),
  // Mutants run with a switch at every step, and next to each other.
  testTimeout: 600_000,
};
