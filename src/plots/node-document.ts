/** `gradparity/plots/node`: a document for the pictures where there is no browser, made by linkedom, which is to be installed beside this library. */
import { parseHTML } from 'linkedom';
import { setLabels, type Labels } from './labels.js';

export type { Labels } from './labels.js';

/** What `nodeDocument` takes. */
export interface NodeDocumentOptions {
  /** What pictures say in place of their English texts, the caller's own and those of the plots (`step`, `class 0`): for another language. */
  readonly labels?: Labels;
}

/**
 * An empty document, to pass to the plots as `document` in Node.
 *
 * @throws InputError for labels that are no texts, and one that has not as many `#` as the text whose place it takes
 */
export function nodeDocument({ labels }: NodeDocumentOptions = {}): Document {
  const { document } = parseHTML('<!doctype html><html></html>');
  if (labels !== undefined) setLabels(document, labels);
  return document;
}
