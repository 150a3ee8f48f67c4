/** Where models are found. */
import { fileURLToPath } from 'node:url';

/** The trained model that comes with the package. */
export const bundledModel = (): string =>
  fileURLToPath(new URL('../../models/mnist-784-50-10', import.meta.url));
