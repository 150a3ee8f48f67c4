/**
 * The seed of fast-check's laws and of Math.random, which gives TensorFlow.js the seeds of layers that have none: the same in each test file
 * and on every run of `npm test`, so that a failure there is the change's. `npm run laws` gives another one, and the number of runs, by the
 * environment.
 */
import fc from 'fast-check';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

const { GRADPARITY_LAWS_SEED: seed = '1', GRADPARITY_LAWS_RUNS: runs } = process.env;

fc.configureGlobal({ seed: Number(seed), ...(runs !== undefined && { numRuns: Number(runs) }) });

const generator = xoroshiro128plus(Number(seed));
Math.random = () => uniformFloat64(generator);
