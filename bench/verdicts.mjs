/**
 * `npm run bench -- verdicts`: random compositions of ops whose gradient is known, right ones and falsified ones, through this library's
 * gradcheck, PyTorch's and JAX' check_grads: false alarms, misses by size of error, undecided ones, evaluations and seconds.
 */
import { register } from 'tsx/esm/api';

register();
const { main } = await import('./verdicts/main.ts');
process.exitCode = await main();
