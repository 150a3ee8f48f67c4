/** TensorFlow.js' registries of kernels and gradients: what is in them, what has changed, and how they are put back. */
import * as tf from '@tensorflow/tfjs';
import { registryNamed, type RegistryName } from '../registries.js';

type Registry = Map<string, object>;

const registryOf = (name: RegistryName): Registry => registryNamed(name) ?? new Map();

/** What is registered at some moment. */
export interface Registered {
  kernels: Registry;
  gradients: Registry;
}

export const registered = (): Registered => ({
  kernels: new Map(registryOf('kernelRegistry')),
  gradients: new Map(registryOf('gradRegistry')),
});

export interface RegisteredChange {
  /** A kernel's name, or that of the kernel whose gradient it is. */
  name: string;
  /** Of a kernel. */
  backend?: string;
  kind: 'new' | 'replaced' | 'removed';
}

/** The backend of this package's own. Its kernels follow those of cpu. */
const OWN = 'float64';

function changes(before: Registry, now: Registry, isKernel: boolean): RegisteredChange[] {
  const keys = new Set([...before.keys(), ...now.keys()]);
  return [...keys].flatMap((key): RegisteredChange[] => {
    const [was, is] = [before.get(key), now.get(key)];
    if (was === is) return [];
    const cut = key.indexOf('_');
    const [backend, name] = isKernel ? [key.slice(0, cut), key.slice(cut + 1)] : [undefined, key];
    if (backend === OWN) return [];
    const kind = was === undefined ? 'new' : is === undefined ? 'removed' : 'replaced';
    return [{ name, ...(backend !== undefined && { backend }), kind }];
  });
}

/** What has been registered, replaced or removed since. */
export function registeredSince(before: Registered): {
  kernels: RegisteredChange[];
  gradients: RegisteredChange[];
} {
  return {
    kernels: changes(before.kernels, registryOf('kernelRegistry'), true),
    gradients: changes(before.gradients, registryOf('gradRegistry'), false),
  };
}

/** Puts the registries back. */
export function restoreRegistered({ kernels, gradients }: Registered): void {
  for (const [now, before] of [
    [registryOf('kernelRegistry'), kernels],
    [registryOf('gradRegistry'), gradients],
  ]) {
    for (const key of [...now.keys()]) if (!before.has(key) && !key.startsWith(`${OWN}_`)) now.delete(key);
    for (const [key, entry] of before)
      if (!key.startsWith(`${OWN}_`) && now.get(key) !== entry) now.set(key, entry);
  }
  // The double-precision backend has a copy of every kernel for cpu; of one that is gone it would go on to answer.
  for (const key of [...registryOf('kernelRegistry').keys()]) {
    if (key.startsWith(`${OWN}_`) && !tf.getKernel(key.slice(OWN.length + 1), 'cpu'))
      registryOf('kernelRegistry').delete(key);
  }
}
