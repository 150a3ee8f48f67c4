import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { check, type Options } from 'prettier';
import { sweepMarkdown } from '../../../src/sweep/report/markdown.js';
import { present } from '../../support/present.js';
import {
  convention,
  emptyReport,
  fixedReport,
  formulaFinding,
  incompleteReport,
  kernelFinding,
  sampleReport,
  suspicion,
} from './sample-report.js';

const text = sweepMarkdown(sampleReport);
const settings = JSON.parse(readFileSync('.prettierrc.json', 'utf8')) as Options;
const isStable = (markdown: string) => check(markdown, { ...settings, parser: 'markdown' });

/** Every sign that means something to Markdown, at the start, inside and at the end of words. */
const signs = [...'!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~'];
const strange = signs.map((sign) => `${sign}a ${sign}${sign}b${sign} c${sign}d ${sign} e${sign}`);

describe('sweepMarkdown', () => {
  test('stays as it is under Prettier', async () => {
    for (const report of [sampleReport, incompleteReport, emptyReport, fixedReport])
      expect(await isStable(sweepMarkdown(report))).toBe(true);
  });

  test.each([...strange, strange.join(' ')])('stays as it is with %s', async (words) => {
    const { repro } = kernelFinding;
    const finding = {
      ...kernelFinding,
      id: words,
      op: words,
      family: words,
      first: words,
      message: words,
      upstream: words,
      witness: { kind: 'another library' as const, by: words },
      repro: { ...repro, got: words, expected: words, code: `\`\`\`\n${words}` },
    };
    const row = { ...sampleReport.matrix[0], op: words, family: words, findings: [words] };
    expect(await isStable(sweepMarkdown({ ...sampleReport, findings: [finding], matrix: [row] }))).toBe(true);
  });

  test('says the same for the same findings, in whatever order and time they were found', () => {
    const { findings, matrix } = sampleReport;
    expect(
      sweepMarkdown({
        ...sampleReport,
        seconds: 1,
        findings: [...findings].reverse(),
        matrix: [...matrix].reverse(),
      }),
    ).toBe(text);
  });

  test('has the causes first, then op by op, then the findings cause by cause', () => {
    expect(text.match(/^(?:##.*|<h[23].*)$/gm)).toEqual([
      '## Contents',
      '<h2 id="causes">Causes</h2>',
      '<h2 id="ops">Op by op</h2>',
      '<h3 id="family-binary">Binary</h3>',
      '<h3 id="family-pooling">Pooling</h3>',
      '<h3 id="family-unary">Unary</h3>',
      '<h2 id="findings">Findings, cause by cause</h2>',
      '<h3 id="cause-1">1. The gradient&#39;s gradient of atan2 is wrong</h3>',
      '<h3 id="cause-2">2. The cpu backend&#39;s gradient of avgPool is wrong</h3>',
      '<h2 id="suspicions">Suspicions</h2>',
      '<h2 id="limitations">Limitations</h2>',
      '<h2 id="conventions">Conventions at kinks</h2>',
    ]);
    const at = (id: string) => text.indexOf(`| [\`${id}\`]`);
    const order = [formulaFinding, kernelFinding, suspicion, convention].map(({ id }) => at(id));
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(text).toContain('100 of 100 cases judged: 2 findings, 1 suspicion, 1 convention.');
    expect(text).toContain('2 causes are behind the findings.');
  });

  test('has a row and a program for each finding, and no link that leads nowhere', () => {
    const row = present(text.split('\n').find((line) => line.startsWith(`| [\`${kernelFinding.id}\`]`)));
    expect(row).toContain('(#avgPool/kernel/cpu/backward)');
    expect(row).toContain('`[0.25, NaN]`');
    expect(row).toContain('the \\<window\\> \\| not by \\*what\\* it\\_covers.');
    expect(text).toContain(
      `\`\`\`js\n${kernelFinding.repro.code}\n\`\`\`\n\nGot \`[0.25, NaN]\`, expected \`[0.25, 0.5]\`.`,
    );
    expect(text).toContain('12 cases show it, the first of them `avgPool(x[2,3])`.');
    const targets = [...text.matchAll(/\]\(#([^)]*)\)/g)].map(([, target]) => target);
    for (const target of targets) expect(text).toContain(` id="${target}">`);
    expect(targets).toEqual(
      expect.arrayContaining(['causes', 'ops', 'family-pooling', 'cause-2', 'findings']),
    );
    expect(text).toContain('<code>atan2/formula/second order: a &amp; b</code>');
  });

  test('calls nothing a fixture', () => {
    expect(text).not.toMatch(/fixture/i);
  });

  test('has op × backend by family', () => {
    const row = present(text.split('\n').find((line) => line.startsWith('| `maxPool3d` ')));
    expect(row.split('|').map((cell) => cell.trim())).toEqual([
      '',
      '`maxPool3d`',
      '24',
      '✓',
      '✓',
      '✓',
      '–',
      '✗',
      '[`throws/webgl/forward`](#maxPool3d/throws/webgl/forward)',
      '',
    ]);
  });

  test('has what the fixes do beside what is without them: in causes, op by op, and of each finding', () => {
    const fixed = sweepMarkdown(fixedReport);
    const cellsOf = (start: string): string[] =>
      present(fixed.split('\n').find((line) => line.startsWith(start)))
        .split('|')
        .map((cell) => cell.trim());
    expect(cellsOf('| `avgPool` ').slice(3, 8)).toEqual(['✓', '✓', '✗ → ✓', '✓', '✓']);
    expect(cellsOf('| [1](#cause-1)').slice(5, 7)).toEqual(['1', '1']);
    expect(cellsOf('| [2](#cause-2)').slice(5, 7)).toEqual(['1', '0']);
    expect(cellsOf('| core ')).toEqual(['', 'core', '1', '1', '']);
    expect(cellsOf('| cpu ')).toEqual(['', 'cpu', '1', '0', '']);
    expect(cellsOf('| [`avgPool/kernel/cpu/backward`]').at(-2)).toBe('mended');
    expect(fixed).toContain('New with the fixes:');
    expect(fixed).toContain('npx gradparity sweep --fixes --markdown page.md');
    expect(text).not.toContain('fixes');
  });

  test('says so where the run is incomplete', () => {
    expect(text).not.toContain('incomplete');
    expect(sweepMarkdown(incompleteReport)).toContain('**This run is incomplete:** 40 of 100 cases');
  });
});
