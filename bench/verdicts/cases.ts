/**
 * Random compositions whose gradient is known, from a seed: by stratum, what makes them hard to judge. The same stratum, seed and
 * index always give the same case.
 */
import { lookUp } from '../../src/collections.js';
import type { Composition, Falsification, Node } from './composition.js';
import { Dice } from './dice.js';
import { falsify, VARIANTS } from './falsify.js';
import { Rejected } from './growing.js';
import { know, requireSound } from './known.js';
import { COMPOSERS, STRATA, type Stratum } from './strata.js';

export interface Case {
  id: string;
  stratum: Stratum;
  composition: Composition;
  /** undefined: the gradient is right. */
  falsification?: Falsification;
  /** Of the sum of f's outputs, in plain doubles: the oracle that each framework's own gradient is held against. */
  reference: Float64Array[];
  /** What each entry of a right gradient may be off by: its rounding, and what f's own rounding hides. */
  allowed: Float64Array[];
}

/** Why compositions were thrown away, with counts. */
export type Rejections = Map<string, number>;

/** Places that some output hangs on. */
function used({ inputs, nodes }: Composition): Set<number> {
  const seen = new Set<number>([inputs.length + nodes.length - 1]);
  for (let at = inputs.length + nodes.length - 1; at >= inputs.length; at--) {
    if (seen.has(at)) nodes[at - inputs.length].args.forEach((arg) => seen.add(arg));
  }
  return seen;
}

/** The composition without the nodes that no output hangs on. */
function pruned(composition: Composition): Composition {
  const seen = used(composition);
  const { inputs, nodes } = composition;
  if (inputs.some((_, i) => !seen.has(i))) throw new Rejected('an input without a path to the output');
  const places = new Map<number, number>(inputs.map((_, i) => [i, i]));
  const kept: Node[] = [];
  nodes.forEach((node, i) => {
    const at = inputs.length + i;
    if (!seen.has(at)) return;
    places.set(at, inputs.length + kept.length);
    kept.push({ ...node, args: node.args.map((arg) => lookUp(places, arg)) });
  });
  return { inputs, nodes: kept };
}

const ATTEMPTS = 400;

/**
 * Case `index` of a stratum: the first random composition that is fit, by these rules (`rejections` counts those that are not).
 * - Values stay below 1e4 (1e12 at spread scales), arguments inside of every op's domain and 1e-6 or more from kinks.
 * - Reverse mode in doubles is right to 1e-9 in every entry, or to what f's own rounding hides.
 * - What is falsified could be seen: an entry whose effect is at least 1e-3 of its input's largest, and whose error shows in some central
 *   difference in doubles (`isVisible`).
 */
export function makeCase(
  stratum: Stratum,
  seed: number,
  index: number,
  falsified: boolean,
  rejections: Rejections = new Map(),
): Case {
  const place = Object.keys(STRATA).indexOf(stratum);
  // By steps of seven, so that the first few are of all kinds and sizes already.
  const variant = falsified ? VARIANTS[(7 * index) % VARIANTS.length] : undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const dice = new Dice(seed | 0, Math.floor(seed / 2 ** 32), place, index, Number(falsified), attempt);
    try {
      const { inputs, nodes } = COMPOSERS[stratum](stratum, dice);
      const composition = pruned({ inputs, nodes });
      const known = know(composition, dice);
      const allowed = requireSound(composition, known);
      const falsification = variant && falsify(stratum, composition, known, variant, dice);
      return {
        id: `${stratum}/${falsified ? 'falsified' : 'right'}/${seed}/${index}`,
        stratum,
        composition,
        ...(falsification && { falsification }),
        reference: known.gradient,
        allowed,
      };
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      rejections.set(error.message, (rejections.get(error.message) ?? 0) + 1);
    }
  }
  throw new Error(`${stratum}/${seed}/${index}: none of ${ATTEMPTS} compositions was fit.`);
}

/** The case of an id. */
export function caseOf(id: string): Case {
  const [stratum, said, seed, index] = id.split('/');
  if (!Object.hasOwn(STRATA, stratum) || !['right', 'falsified'].includes(said) || index === undefined) {
    throw new Error(`${id} names no case. Ids are like small/right/1/17 and spread/falsified/1/3.`);
  }
  return makeCase(stratum as Stratum, Number(seed), Number(index), said === 'falsified');
}
