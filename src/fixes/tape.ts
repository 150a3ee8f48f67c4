/**
 * `import 'gradparity/fixes/tape'`: the order of TensorFlow.js' tape is mended, so that derivatives of second and higher order go through saved
 * outputs (exp, sigmoid, tanh, softmax, …). `removeTapeOrder` puts the order back that it had.
 */
import { applyTapeOrder } from './tape-order.js';

export { applyTapeOrder, isTapeOrdered, removeTapeOrder } from './tape-order.js';

applyTapeOrder();
