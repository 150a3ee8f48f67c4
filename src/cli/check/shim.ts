/** The globals of a browser that packages ask for when they are imported. They are there to be found, and do nothing. */
import * as tf from '@tensorflow/tfjs';

const element = (): object => ({
  style: {},
  getContext: () => null,
  addEventListener: () => {},
  setAttribute: () => {},
  appendChild: () => {},
});

/**
 * Loads something with the missing ones in place; they stay. A copy of TensorFlow.js that it brings finds a browser, while the one that is there
 * already stays in Node.
 */
export async function inBrowserShim<T>(load: () => Promise<T>): Promise<T> {
  putGlobals();
  const environment = tf.env();
  const { platform, platformName } = environment;
  const flags = ['IS_BROWSER', 'IS_NODE'].map((name) => [name, environment.getBool(name)] as const);
  environment.set('IS_BROWSER', true);
  environment.set('IS_NODE', false);
  try {
    return await load();
  } finally {
    for (const [name, value] of flags) environment.set(name, value);
    Object.assign(environment, { platform, platformName });
  }
}

function putGlobals(): void {
  const globals = globalThis as Record<string, unknown>;
  const missing: Record<string, () => unknown> = {
    window: () => globalThis,
    self: () => globalThis,
    document: () => ({
      createElement: element,
      querySelector: () => null,
      querySelectorAll: () => [],
      addEventListener: () => {},
      head: element(),
      body: element(),
    }),
    navigator: () => ({ userAgent: 'node', hardwareConcurrency: 1 }),
    requestAnimationFrame: () => (f: () => void) => setTimeout(f),
  };
  for (const [name, make] of Object.entries(missing)) globals[name] ??= make();
}
