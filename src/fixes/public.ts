/** The public names of `gradparity/fixes`, without its effect. */
export { FIXES } from './all.js';
export {
  applyFixes,
  fixesIntact,
  removeFixes,
  type AppliedFixes,
  type ApplyFixesOptions,
  type FixesIntact,
  type KeptGradient,
} from './apply.js';
export type { EngineChange, Fix } from './fix.js';
