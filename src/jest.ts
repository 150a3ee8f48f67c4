/**
 * `import 'gradparity/jest'`, in a test file or in Jest's `setupFilesAfterEnv`, adds the matcher `toHaveRightGradients` to
 * `expect`. Without a global `expect`, `expect.extend(matchers)` does it by hand.
 */
import { matchers, type GradientMatchers } from './gradcheck/matcher.js';

export { matchers, type GradientMatchers };

const { expect } = globalThis as { expect?: { extend?: (matchers: object) => void } };
expect?.extend?.(matchers);

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- where @types/jest keeps its matchers
  namespace jest {
    interface Matchers<R> {
      toHaveRightGradients(...args: Parameters<GradientMatchers['toHaveRightGradients']>): Promise<R>;
    }
  }
}
