/** A finding that an op's variant has as the plain op has it is said once, of the plain op. */
import type { Finding, MatrixRow } from './report.js';

/** Errors have words by which they are known to be the same, and tensors left behind have their op; numbers have not. */
const known: readonly Finding['kind'][] = ['no gradient', 'kernel missing', 'throws', 'leaks', 'limitation'];

const plainId = (id: string): string => id.replace(/^([^/]*?)-\([^/]*\)\//, '$1/');

/** The id of the plain op's finding that says the same already; undefined where there is none. */
export function saidBy(
  { id, kind }: Pick<Finding, 'id' | 'kind'>,
  others: { has(id: string): boolean },
): string | undefined {
  const plain = plainId(id);
  // Of an optimizer that is wrong as it stands, nothing more can be said with its options.
  const isOptimizer = id.startsWith('train.');
  return (isOptimizer || known.includes(kind)) && plain !== id && others.has(plain) ? plain : undefined;
}

/** Both without the duplicates; the plain op's finding has the cases of its variants too. */
export function withoutDuplicates(
  findings: readonly Finding[],
  matrix: readonly MatrixRow[],
): { findings: Finding[]; matrix: MatrixRow[] } {
  const byId = new Map(findings.map((finding) => [finding.id, { ...finding }]));
  const instead = new Map<string, string>();
  for (const finding of findings) {
    const { id, cases } = finding;
    const plain = byId.get(saidBy(finding, byId) ?? '');
    if (plain === undefined) continue;
    plain.cases += cases;
    instead.set(id, plain.id);
    byId.delete(id);
  }
  return {
    findings: [...byId.values()],
    matrix: matrix.map((row) => ({
      ...row,
      findings: [...new Set(row.findings.map((id) => instead.get(id) ?? id))].sort(),
    })),
  };
}
