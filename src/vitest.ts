/** `import 'gradparity/vitest'`, in a test file or in Vitest's `setupFiles`, adds the matcher `toHaveRightGradients` to `expect`. */
import { expect } from 'vitest';
import { matchers, type GradientMatchers } from './gradcheck/matcher.js';

export { matchers, type GradientMatchers };

expect.extend(matchers);
