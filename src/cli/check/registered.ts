/** The kernels and gradients that a package registers when it is imported, as cases to check. */
import { pathToFileURL } from 'node:url';
import path from 'node:path';
import { InputError } from '../../errors.js';
import { registered, registeredSince, type RegisteredChange } from '../../gradcheck/registry.js';
import type { KernelCase } from './cases.js';
import { hintOn } from './hints.js';

/** What a package registered. */
export interface RegisteredList {
  package: string;
  /** Kernels by their names, with the backends that they are for. */
  kernels: Record<string, string[]>;
  /** The kernels whose gradients were registered. */
  gradients: string[];
  /** Kernels and gradients that were there already and were replaced; not those of a copy of TensorFlow.js. */
  replaced: string[];
  /** How many a copy of TensorFlow.js that the package brings registered once more. */
  copied: number;
  /** Gradients that could not be checked, and why. */
  unchecked: { name: string; reason: string }[];
}

const MOST_REPLACED = 50;

/** Imports a package as seen from the working directory, or a file. */
export async function importPackage(name: string): Promise<void> {
  const from = pathToFileURL(path.resolve('package.json')).href;
  const isFile = /^[./]/.test(name) || path.isAbsolute(name);
  const resolve = import.meta.resolve as (specifier: string, parent: string) => string;
  let url: string;
  try {
    url = isFile ? pathToFileURL(path.resolve(name)).href : resolve(name, from);
  } catch (error) {
    throw new InputError(
      `check --registered: there is no package ${name} to be imported from ${process.cwd()}: ${(error as Error).message.split('\n')[0]}. Install it there, or give the path of a file.`,
    );
  }
  try {
    await import(url);
  } catch (error) {
    const { message } = error instanceof Error ? error : new Error(String(error));
    throw new InputError(
      `check --registered: ${name} could not be imported: ${message.split('\n')[0]}.${hintOn(message)}`,
    );
  }
}

/** The cases for what a package registers while it is loaded, and the list of it all. */
export async function registeredCases(
  name: string,
  load: () => Promise<void>,
): Promise<{ cases: KernelCase[]; list: RegisteredList }> {
  const { probe } = await import('../../gradcheck/kernel/probe.js');
  const tf = await import('@tensorflow/tfjs');
  const before = registered();
  await load();
  const changes = registeredSince(before);
  const again = [...changes.kernels, ...changes.gradients].filter(({ kind }) => kind === 'replaced');
  // A copy of TensorFlow.js registers hundreds of its kernels once more; nobody replaces so many.
  const isCopy = again.length > MOST_REPLACED;
  const isOwn = ({ name: kernel, kind }: RegisteredChange): boolean =>
    isCopy ? !before.kernels.has(`cpu_${kernel}`) && !before.gradients.has(kernel) : kind !== 'removed';
  const kernels: Record<string, string[]> = {};
  for (const one of changes.kernels.filter(isOwn)) (kernels[one.name] ??= []).push(one.backend ?? '');
  const list: RegisteredList = {
    package: name,
    kernels,
    gradients: changes.gradients.filter(isOwn).map((one) => one.name),
    replaced: isCopy
      ? []
      : again.map((one) => (one.backend ? `${one.name} for ${one.backend}` : `the gradient of ${one.name}`)),
    copied: isCopy ? again.length : 0,
    unchecked: [],
  };
  const cases: KernelCase[] = [];
  for (const kernel of list.gradients) {
    if (!tf.getKernel(kernel, 'cpu')) {
      const where = kernels[kernel] ?? [];
      list.unchecked.push({
        name: kernel,
        reason:
          where.length > 0
            ? `its kernel is for ${where.join(', ')} only, and not for cpu`
            : 'it has no kernel',
      });
      continue;
    }
    const found = probe(kernel);
    if ('reason' in found) {
      const reads = [
        ...(found.inputs.length > 0 ? [`the inputs ${found.inputs.join(', ')}`] : []),
        ...(found.attrs.length > 0 ? [`the attributes ${found.attrs.join(', ')}`] : []),
      ].join(' and ');
      list.unchecked.push({
        name: kernel,
        reason: `${found.reason}${reads ? `; it reads ${reads}` : ''}. Write a case: { kernel: '${kernel}', inputs: { … }, attrs: { … } }`,
      });
      continue;
    }
    cases.push({ name: `${kernel}: ${found.shapes}`, kernel, inputs: found.inputs, attrs: found.attrs });
  }
  return { cases, list };
}
