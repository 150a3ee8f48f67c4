/** Applying fixes, taking them away, and asking whether they are in place. */
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../errors.js';
import { FIXES } from './all.js';
import { addCopies } from './class-methods.js';
import { TRIED, type Fix } from './fix.js';
import { hold, isHeld, registered, release } from './registry.js';
import { stockTeller } from './origin.js';
import { STOCK_GRADIENTS } from './stock.js';

/** Which fixes are applied. */
export interface ApplyFixesOptions {
  /** The ids of the fixes to apply; without, all of `FIXES`. */
  only?: readonly string[];
  /** Told, in a sentence, of what is kept of the user's, and of fixes that were not tried with this TensorFlow.js. Without, console.warn. */
  warn?: (sentence: string) => void;
  /**
   * Further copies of TensorFlow.js, as `import * as tf` gives them, whose layers and optimizers are to be mended too. Gradients and kernels are mended for all
   * copies without it, and layers and optimizers for the copy that this package imports and the one of a script tag, `globalThis.tf`.
   */
  copies?: readonly object[];
}

/** A gradient of the user's own that a fix did not replace. */
export interface KeptGradient {
  /** The kernel it is registered for. */
  kernelName: string;
  /** The fix that would have been there. */
  fix: string;
}

/** What `applyFixes` did. */
export interface AppliedFixes {
  /** The ids of the fixes in place. */
  applied: string[];
  kept: KeptGradient[];
}

/** What `fixesIntact` found. */
export interface FixesIntact {
  /** Whether every fix that was applied is still in place. */
  intact: boolean;
  /** The ids of those that are not, or not all of. */
  lost: string[];
}

/** What all copies of this module in a realm know of what was applied. */
interface Shared {
  applied: Set<string>;
  /** Gradients of the user's own that stay, by their kernels. */
  kept: Set<string>;
  hasWarned: boolean;
}

function shared(): Shared {
  const key = Symbol.for('gradparity.fixes');
  const engine = tf.engine() as unknown as Record<symbol, Shared | undefined>;
  return (engine[key] ??= { applied: new Set(), kept: new Set(), hasWarned: false });
}

const keysOf = (fix: Fix): (readonly ['gradRegistry' | 'kernelRegistry', string, object])[] => [
  ...(fix.gradients ?? []).map((config) => ['gradRegistry', config.kernelName, config] as const),
  ...(fix.kernels ?? []).map(
    (config) => ['kernelRegistry', `${config.backendName}_${config.kernelName}`, config] as const,
  ),
];

function chosen(where: string, only?: readonly string[]): readonly Fix[] {
  if (only === undefined) return FIXES;
  const known = new Map(FIXES.map((fix) => [fix.id, fix]));
  return only.map((id) => {
    const fix = known.get(id);
    if (!fix) throw new InputError(`${where}: there is no fix ${JSON.stringify(id)}. FIXES lists them.`);
    return fix;
  });
}

const stock = new Set(STOCK_GRADIENTS);

/**
 * Mends TensorFlow.js, for all of its copies in this realm. Importing `gradparity/fixes` has called it. Fixes that are in place stay; a gradient
 * that you have registered stays, too, and is told.
 *
 * @throws InputError for an id that there is no fix of.
 */
export function applyFixes({
  only,
  // eslint-disable-next-line no-console, no-restricted-globals -- an import has no other way to tell
  warn = (sentence) => console.warn(sentence),
  copies = [],
}: ApplyFixesOptions = {}): AppliedFixes {
  const fixes = chosen('applyFixes', only);
  addCopies(copies);
  const state = shared();
  const version = tf.version['tfjs-core'];
  const untried = fixes.filter(({ tried = TRIED }) => !tried.includes(version)).map(({ id }) => id);
  if (untried.length > 0 && !state.hasWarned) {
    state.hasWarned = true;
    warn(
      `gradparity/fixes: these fixes were made for TensorFlow.js ${TRIED.join(', ')} and not tried with ${version}, which is installed: ${untried.join(', ')}. They are applied; 'npx gradparity sweep --fixes' shows whether they are right there.`,
    );
  }
  const kept: KeptGradient[] = [];
  const gradientOf = (name: string): tf.GradConfig | undefined =>
    registered('gradRegistry', name) as tf.GradConfig | undefined;
  const isStock = stockTeller(gradientOf);
  const isOfUser = (name: string): boolean => {
    const present = gradientOf(name);
    return present !== undefined && !(stock.has(name) && isStock(present));
  };
  const onReplaced = (name: string, fix: string): void =>
    warn(`gradparity/fixes: what you register for ${name} takes the place of the fix ${fix}.`);
  for (const fix of fixes) {
    for (const [registry, key, config] of keysOf(fix)) {
      if (registry === 'gradRegistry' && !isHeld(registry, key) && isOfUser(key)) {
        kept.push({ kernelName: key, fix: fix.id });
        if (state.kept.has(key)) continue;
        state.kept.add(key);
        warn(
          `gradparity/fixes: the gradient that you have registered for ${key} stays, in place of the fix ${fix.id}.`,
        );
      } else {
        hold(registry, key, config, fix.id, onReplaced);
      }
    }
    fix.engine?.apply();
    state.applied.add(fix.id);
  }
  return { applied: [...state.applied], kept };
}

/**
 * Takes the fixes away again: TensorFlow.js is as it was, and as a copy of it loaded since has it. What you have registered stays.
 *
 * @throws InputError for an id that there is no fix of.
 */
export function removeFixes({ only }: { only?: readonly string[] } = {}): void {
  const state = shared();
  for (const fix of [...chosen('removeFixes', only)].reverse()) {
    if (!state.applied.delete(fix.id)) continue;
    fix.engine?.remove();
    for (const [registry, key] of keysOf(fix)) {
      release(registry, key);
      state.kept.delete(key);
    }
  }
}

/** Whether what was applied is still in place: a gradient registered since, or a kernel unregistered, takes a fix away. */
export function fixesIntact(): FixesIntact {
  const { applied, kept } = shared();
  const lost = FIXES.filter(
    (fix) =>
      applied.has(fix.id) &&
      !(
        (fix.engine?.isApplied() ?? true) &&
        keysOf(fix).every(([registry, key]) => kept.has(key) || isHeld(registry, key))
      ),
  ).map(({ id }) => id);
  return { intact: lost.length === 0, lost };
}
