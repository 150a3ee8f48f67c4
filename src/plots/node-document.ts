/** A document for the pictures where there is no browser. */
import { parseHTML } from 'linkedom';

/** An empty document, to pass to the plots as `document` in Node. */
export function nodeDocument(): Document {
  return parseHTML('<!doctype html><html></html>').document;
}
