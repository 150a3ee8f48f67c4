/** What to do about code that does not run here as it is. */

/** A sentence for an error that only a browser does not give. */
export function hintOn(message: string): string {
  const expectsBrowser =
    /\b(window|document|self|navigator|HTMLCanvasElement|WebGLRenderingContext|indexedDB|localStorage)\b.* is not defined/.test(
      message,
    ) ||
    // A copy of TensorFlow.js that was bundled for browsers finds Node, and none of its modules.
    /TextEncoder is not a constructor/.test(message);
  return expectsBrowser ? ' It expects a browser: try --shim, which puts the globals of one in place.' : '';
}
