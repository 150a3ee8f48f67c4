/**
 * `import 'gradparity/fixes'`: right gradients for TensorFlow.js, of first and higher order, for all of its copies in this realm, its layers and
 * its optimizers. `removeFixes` takes them away again.
 */
import { applyFixes } from './apply.js';

export * from './public.js';

applyFixes();
