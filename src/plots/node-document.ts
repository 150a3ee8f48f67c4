/** `gradparity/plots/node`: a document for the pictures where there is no browser, made by linkedom, which is to be installed beside this library. */
import { parseHTML } from 'linkedom';

/** An empty document, to pass to the plots as `document` in Node. */
export function nodeDocument(): Document {
  return parseHTML('<!doctype html><html></html>').document;
}
