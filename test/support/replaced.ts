import { isInherited } from '../../src/methods.js';

/** Whether an object has another method than its class. */
export const isReplaced = (target: object, method: string): boolean => !isInherited(target, method as never);
