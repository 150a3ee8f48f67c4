/** `gradparity/node`: the public names that need Node. */

export {
  availableBackends,
  selectBackend,
  type BackendName,
  type SelectedBackend,
} from './backends/select.js';
export {
  loadMnist,
  type DownloadProgress,
  type Mnist,
  type MnistOptions,
  type MnistPart,
} from './data/mnist.js';
export { loadData, type DataOptions, type LoadedData } from './data/own.js';
export type { ImageForm } from './data/image-form.js';
export type { MnistFilesOptions } from './data/mnist-files.js';
export { loadCheckpoint, saveCheckpoint, type LoadCheckpointOptions } from './models/checkpoints.js';
export type { ModelNotes } from './models/layers-model.js';
export { loadLayersModel, loadModel, loadNotedModel, saveModel, type SaveOptions } from './models/files.js';
export type { Quantization } from './models/quantized.js';
