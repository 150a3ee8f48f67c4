/** tfjs-node is loaded for what it registers. Sources compile where it is not installed. */
declare module '@tensorflow/tfjs-node';
