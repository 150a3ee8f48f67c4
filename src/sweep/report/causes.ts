/** Findings that one mistake is behind: what a maintainer would mend at once. */
import { REFUSED } from '../observation/observation.js';
import type { Finding } from './report.js';
import { upstreamOf } from './upstream.js';

export interface Cause {
  /** One name from run to run: "no-kernel/wasm/Conv2DBackpropFilter". */
  id: string;
  /** What is wrong, in some words. */
  title: string;
  /** The ops that it makes wrong, with their variants, and the findings that it is behind. */
  ops: string[];
  findings: Finding[];
  /** Addresses of issues in TensorFlow.js' repository. */
  upstream: string[];
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The finding's op with its variant, as its id has it. */
export const opOf = ({ id }: Pick<Finding, 'id'>): string => id.split('/')[0];

/** Without the variant. */
const plainOp = (finding: Finding): string => opOf(finding).replace(/-\(.+\)$/, '');

/** The causes, those with the most findings first. */
export function causesOf(findings: readonly Finding[]): Cause[] {
  const causes = new Map<string, Cause>();
  for (const finding of [...findings].sort((a, b) => compare(a.id, b.id))) {
    const [id, title] = causeOf(finding);
    const cause = causes.get(id) ?? { id, title, ops: [], findings: [], upstream: [] };
    causes.set(id, cause);
    cause.findings.push(finding);
    if (!cause.ops.includes(opOf(finding))) cause.ops.push(opOf(finding));
    for (const address of upstreamOf(finding.id, finding.culprit)) {
      if (!cause.upstream.includes(address)) cause.upstream.push(address);
    }
  }
  return [...causes.values()].sort((a, b) => b.findings.length - a.findings.length || compare(a.id, b.id));
}

/** The cause's id and title. */
function causeOf(finding: Finding): [id: string, title: string] {
  const { kind, backend, direction, culprit, fault, repro } = finding;
  const op = plainOp(finding);
  if (culprit === "the tape's order") {
    return [
      'tape-order',
      "The tape has a saved output before the op that made it: the gradient's gradient loses its way there",
    ];
  }
  if (
    /^train\.\w+-\((one-of-two-variables|by-turns|minimize-over-one)\)\/(formula|throws)/.test(finding.id)
  ) {
    return [
      'optimizers/by-place',
      'Optimizers gather for a variable by its place among those of a step: with other variables in the next step, for another one',
    ];
  }
  switch (kind) {
    case 'no gradient':
      return [`no-gradient/${culprit}`, `${culprit} has no gradient`];
    case 'kernel missing':
      return [`no-kernel/${backend}/${culprit}`, `The ${backend} backend has no kernel ${culprit}`];
    case 'limitation':
      return limitationOf(finding);
    case 'throws':
      if (fault === undefined) {
        return [
          'comparisons',
          'Comparisons and other ops that give no real numbers have no gradient of 0, and gradients ask for one',
        ];
      }
      if (/^shape of /.test(fault) && culprit !== undefined) {
        return [
          `shape/${backend}/${culprit}`,
          `${backend === 'core' ? "The core's" : `The ${backend} backend's`} gradient of ${culprit} has another shape than the input`,
        ];
      }
      return [`throws/${backend}/${fault}`, `${placed(backend)}: “${shortened(repro.got)}”`];
    case 'formula':
      if (culprit !== undefined) {
        return [`core/${culprit}`, `The core's ${culprit} tells all backends wrong places for the windows`];
      }
      return [
        `formula/${op}/${direction}`,
        `${what(direction)} of ${op} ${direction === 'forward' ? 'are' : 'is'} wrong`,
      ];
    case 'kernel':
      if (repro.got.startsWith(REFUSED)) {
        return [
          `shader/${backend}/${fault}`,
          `The ${backend} backend makes a shader that WebGPU refuses: “${shortened(repro.got.slice(REFUSED.length))}”`,
        ];
      }
      return [
        `kernel/${backend}/${culprit ?? op}`,
        culprit === undefined
          ? `The ${backend} backend's ${direction === 'forward' ? 'values' : 'gradient'} of ${op} ${direction === 'forward' ? 'are' : 'is'} wrong`
          : `The ${backend} backend's kernel ${culprit} is wrong`,
      ];
    default: {
      const who =
        culprit === undefined
          ? `${placed(backend)}: ${opOf(finding).replaceAll('-', ' ')}`
          : `The ${backend} backend's kernel ${culprit}`;
      return [`${kind}/${backend}/${culprit ?? op}`, `${who} ${verbs[kind]}`];
    }
  }
}

const verbs: Readonly<Record<string, string>> = {
  hangs: 'never ends',
  crashes: 'crashes',
  leaks: 'leaves tensors behind',
  convention: 'has a kink',
};

const what = (direction: Finding['direction']): string =>
  direction === 'forward'
    ? 'The values'
    : direction === 'backward'
      ? 'The gradient'
      : "The gradient's gradient";

const placed = (backend: Finding['backend']): string =>
  backend === 'core' ? 'In the core' : `On ${backend}`;

function limitationOf({ backend, fault, message, repro }: Finding): [id: string, title: string] {
  if (message.includes('The documentation says')) {
    return ['limitation/documented', 'Only NHWC is supported, as the documentation says'];
  }
  if (message.includes('is left to the device by')) {
    return [
      `limitation/${backend}/not-finite`,
      `${placed(backend)}: what becomes of NaN and infinity is left to the device`,
    ];
  }
  return [`limitation/${backend}/${fault}`, `${placed(backend)}: “${shortened(repro.got)}”`];
}

/** Without the numbers of the one case. */
const shortened = (text: string): string =>
  text
    .replace(/\.? Got dilations? .*$/, '')
    .replace(/^Error in gradient for op \w+\. /, '')
    .replace(/'?\[?\b\d+(?:,\d+)*\b\]?'?/g, '…');
