/** The Python peers of the benchmarks, in a virtual environment of their own with pinned versions. */
import { fileURLToPath } from 'node:url';
import { pythonEnvironment } from '../scripts/python-environment.mjs';

export { must } from '../scripts/python-environment.mjs';

/** The interpreter of an environment that holds bench/requirements.txt; made at first use. Throws with what to do. */
export const benchPython = () =>
  pythonEnvironment(fileURLToPath(new URL('requirements.txt', import.meta.url)));
