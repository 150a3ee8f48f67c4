/**
 * The seed of fast-check's laws: the same on every run of `npm test`, so that a failure there is the change's. `npm run laws`
 * gives another one, and the number of runs, by the environment.
 */
import fc from 'fast-check';

const { GRADPARITY_LAWS_SEED: seed = '1', GRADPARITY_LAWS_RUNS: runs } = process.env;

fc.configureGlobal({ seed: Number(seed), ...(runs !== undefined && { numRuns: Number(runs) }) });
