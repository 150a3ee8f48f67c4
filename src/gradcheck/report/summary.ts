/** What was found, as the report says it: input by input, with the worst entry, the kinks and the numbers for plots. */
import {
  coordinateOf,
  largestOf,
  nonFinitePlaces,
  type Entry,
  type Findings,
  type Pass,
} from '../engine/index.js';
import type { InputReport, Verdict } from './report.js';

/** The reports of all active inputs. */
export const summarize = (findings: Findings, details: boolean): InputReport[] =>
  findings.pass.subject.active.map((_, input) => reportOf(findings, input, details));

function reportOf(
  { pass, entries: found, projections }: Findings,
  input: number,
  details: boolean,
): InputReport {
  const { index, name, shape, values, surrogate } = pass.subject.active[input];
  const against = pass.subject.surrogate ? 'function' : surrogate;
  const entries = found[input];
  const at = (j: number): number[] => coordinateOf(j, shape);
  const largest = Math.max(...pass.autodiff.map((_, q) => largestOf(pass, q, input) / pass.scales[q]));
  const errors = entries.map(({ q, numerical, autodiff, slopes }) => {
    const absolute = Math.abs(numerical - autodiff) / pass.scales[q];
    const size = Math.max(Math.abs(numerical), Math.abs(autodiff), 1e-6 * slopes[q].scale) / pass.scales[q];
    return { absolute, relative: absolute / (Math.max(size, 1e-6 * largest) || 1) };
  });
  const kinks = entries.filter(({ state }) => state === 'kink');
  const compared = entries
    .map((entry, i) => ({ entry, ...errors[i] }))
    .filter(({ entry }) => entry.state !== 'kink');
  const rank = ['right', 'blind', 'wrong', 'nonFinite'];
  const worst = compared.reduce<(typeof compared)[number] | undefined>((most, one) => {
    if (!most) return one;
    const [a, b] = [one, most].map(({ entry }) => rank.indexOf(entry.state));
    return a > b || (a === b && one.relative > most.relative) ? one : most;
  }, undefined);
  return {
    index,
    name,
    shape,
    order: pass.order,
    verdict: verdictOf(
      pass,
      entries,
      (projections?.unresolved[input] || projections?.moreKinks[input]) ?? false,
    ),
    ...(against !== undefined && { surrogate: against }),
    entries: values.length,
    checked: entries.length,
    maxAbsoluteError: most(
      compared.length > 0 ? compared.map(({ absolute }) => absolute) : [projections?.absolute[input] ?? 0],
    ),
    maxRelativeError: most(
      compared.length > 0 ? compared.map(({ relative }) => relative) : [projections?.relative[input] ?? 0],
    ),
    worst: worst
      ? {
          coordinate: at(worst.entry.j),
          numerical: worst.entry.numerical / weightOf(pass, worst.entry, worst.entry.q),
          autodiff: worst.entry.autodiff / weightOf(pass, worst.entry, worst.entry.q),
          errorBar: Math.abs(worst.entry.errorBar / weightOf(pass, worst.entry, worst.entry.q)),
        }
      : null,
    kinks: kinks.map(({ j }) => at(j)),
    kinkDetails: kinks.map((entry) => {
      const { j, slopes, between } = entry;
      const [{ left, right }] = slopes;
      const weight = weightOf(pass, entry, 0);
      return {
        coordinate: at(j),
        left: left / weight,
        right: right / weight,
        autodiff: pass.autodiff[0][input][j] / weight,
        between,
      };
    }),
    nonFinite: nonFinitePlaces(pass, input).length,
    ...(details && { details: detailsOf(pass, input, entries, worst?.entry) }),
  };
}

function verdictOf(pass: Pass, entries: readonly Entry[], isOpen: boolean): Verdict {
  const has = (state: Entry['state']): boolean => entries.some((entry) => entry.state === state);
  if (has('wrong') || has('nonFinite')) return 'wrong';
  if (isOpen || has('blind') || hasHole(pass)) return 'inconclusive';
  return has('kink') ? 'kink' : 'right';
}

/** Outputs that are not finite cannot be differentiated: what was compared is the rest. */
const hasHole = ({ outputs, finite }: Pass): boolean => finite.length < outputs.length;

const most = (numbers: readonly number[]): number =>
  numbers.reduce(
    (largest, value) =>
      Number.isNaN(value) || value > largest ? (Number.isNaN(value) ? Infinity : value) : largest,
    0,
  );

/** Numbers for plots, of the first cotangent: one cotangent's entries belong together. */
function detailsOf(
  pass: Pass,
  input: number,
  entries: readonly Entry[],
  worst: Entry | undefined,
): NonNullable<InputReport['details']> {
  const stepsOf = (entry: Entry): { h: number; error: number }[] =>
    entry.slopes[0].ladder.map(({ t, quotient }) => ({
      h: t,
      error: Math.abs((quotient - pass.autodiff[0][input][entry.j]) / weightOf(pass, entry, 0)),
    }));
  return {
    indices: entries.map(({ j }) => j),
    numerical: entries.map((entry) => entry.slopes[0].value / weightOf(pass, entry, 0)),
    autodiff: entries.map((entry) => pass.autodiff[0][input][entry.j] / weightOf(pass, entry, 0)),
    errorBar: entries.map((entry) => Math.abs(entry.slopes[0].errorBar / weightOf(pass, entry, 0))),
    steps: worst ? stepsOf(worst) : [],
  };
}

/**
 * The weight to divide by, so that the report speaks of derivatives where a single output hangs on the entry. Where more do,
 * it speaks of the vector-Jacobian product for a dy of size 1.
 */
function weightOf({ cotangents, outputs, scales }: Pass, { slopes }: Entry, q: number): number {
  const sole = outputs.length === 1 ? 0 : slopes[0].sole;
  return (sole >= 0 && cotangents[q][sole]) || scales[q];
}
