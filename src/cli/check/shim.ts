/** The globals of a browser that packages ask for when they are imported. They are there to be found, and do nothing. */

const element = (): object => ({
  style: {},
  getContext: () => null,
  addEventListener: () => {},
  setAttribute: () => {},
  appendChild: () => {},
});

/** Puts those that are missing in place, for the rest of the process. */
export function shimBrowser(): void {
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
