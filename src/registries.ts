/** TensorFlow.js' registries of kernels and gradients, which it keeps in one place for all of its copies. */

export type RegistryName = 'kernelRegistry' | 'gradRegistry';

/** A registry, where this build of TensorFlow.js has it among its globals. */
export const registryNamed = <T>(name: RegistryName): Map<string, T> | undefined =>
  (globalThis as { _tfGlobals?: Map<string, Map<string, T>> })._tfGlobals?.get(name);
