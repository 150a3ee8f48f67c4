/** What a case leaves behind in the process that it shares with others, and how that is put back. */
import * as tf from '@tensorflow/tfjs';
import {
  registered,
  registeredSince,
  restoreRegistered,
  type RegisteredChange,
} from '../../gradcheck/registry.js';

type Flag = boolean | number | string;

interface Environment {
  flags: Record<string, Flag>;
  set(name: string, value: Flag): void;
}

const environment = (): Environment => tf.env() as unknown as Environment;

function sentencesOn(what: string, changes: readonly RegisteredChange[]): string[] {
  const verbs = { new: 'registered', replaced: 'replaced', removed: 'removed' };
  const byText = new Map<string, string[]>();
  for (const { name, backend, kind } of changes) {
    const text = `${verbs[kind]} the ${what} ${name}`;
    byText.set(text, [...(byText.get(text) ?? []), ...(backend ? [backend] : [])]);
  }
  return [...byText].map(
    ([text, backends]) => text + (backends.length > 0 ? ` for ${backends.join(', ')}` : ''),
  );
}

/** Remembers the registries, the flags, the backend and Math.random; what is returned puts them back, and says what had changed. */
export function isolate(): () => Promise<string[]> {
  const before = registered();
  const flags = { ...environment().flags };
  const backend = tf.getBackend();
  const { random } = Math;
  // Flags that are only looked up are kept with the set ones; which ones were set is to be seen as it happens.
  const set = new Set<string>();
  const own = environment().set;
  environment().set = function (this: Environment, name, value) {
    set.add(name);
    own.call(this, name, value);
  };
  const factories = Object.keys(tf.engine().registryFactory);
  return async () => {
    const { kernels, gradients } = registeredSince(before);
    const changed = [...sentencesOn('kernel', kernels), ...sentencesOn('gradient of', gradients)];
    restoreRegistered(before);

    Reflect.deleteProperty(environment(), 'set');
    const { flags: now } = environment();
    for (const name of new Set([...set, ...Object.keys(flags)])) {
      if (now[name] === flags[name]) continue;
      changed.push(`set the flag ${name} to ${String(now[name])}`);
      if (name in flags) tf.env().set(name, flags[name]);
      else Reflect.deleteProperty(now, name);
    }
    if (Math.random !== random) {
      changed.push('replaced Math.random');
      Math.random = random;
    }
    if (tf.getBackend() !== backend) {
      changed.push(`changed the backend from ${backend} to ${tf.getBackend()}`);
      await tf.setBackend(backend);
    }
    for (const name of Object.keys(tf.engine().registryFactory)) {
      if (factories.includes(name)) continue;
      changed.push(`registered the backend ${name}`);
      tf.removeBackend(name);
    }
    return changed;
  };
}
