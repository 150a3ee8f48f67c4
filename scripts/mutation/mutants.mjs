/** The mutants of some sources, by Stryker's instrumenter, and a fair draw of them. */
import { readFileSync } from 'node:fs';
import { Instrumenter } from '@stryker-mutator/instrumenter';

const silent = { debug() {}, info() {}, warn() {}, error() {}, isDebugEnabled: () => false };

/**
 * All mutants of `files`, and the text of each file with all of them in it, each behind a switch. A mutant's `id` names its file and
 * counts within it; its `key` is what the switch asks for.
 */
export async function mutantsOf(files) {
  const sources = files.map((name) => ({ name, mutate: true, content: readFileSync(name, 'utf8') }));
  const instrumenter = new Instrumenter(silent);
  const { files: instrumented, mutants } = await instrumenter.instrument(sources, {
    excludedMutations: [],
    ignorers: [],
    plugins: null,
  });
  const text = new Map(sources.map(({ name, content }) => [name, content]));
  const seen = new Map();
  return {
    instrumented: Object.fromEntries(instrumented.map(({ name, content }) => [name, content])),
    mutants: mutants.map(({ id, fileName, location, mutatorName, replacement }) => {
      const count = (seen.get(fileName) ?? 0) + 1;
      seen.set(fileName, count);
      const span = spanOf(text.get(fileName), location);
      return {
        id: `${fileName.replace(/^src\/|\.ts$/g, '')}#${count}`,
        key: id,
        file: fileName,
        line: location.start.line + 1,
        location,
        span,
        mutator: mutatorName,
        original: text.get(fileName).slice(...span),
        replacement,
      };
    }),
  };
}

/** Where a location begins and ends in the text. */
function spanOf(text, { start, end }) {
  const lines = text.split('\n');
  const offsetOf = ({ line, column }) =>
    lines.slice(0, line).reduce((sum, { length }) => sum + length + 1, 0) + column;
  return [offsetOf(start), offsetOf(end)];
}

/**
 * `count` of the mutants, each file with its share of them (the largest remainders round up). `randomFor(file)` gives a function from
 * n to whole numbers below n, each file its own, so that a change to one file leaves the others' mutants as they are. `keep` says
 * which of those drawn count; others are drawn for the rest.
 */
export function draw(mutants, count, randomFor, keep) {
  const files = [...new Set(mutants.map(({ file }) => file))];
  const shares = files.map((file) => {
    const all = mutants.filter((mutant) => mutant.file === file);
    const exact = (all.length * Math.min(count, mutants.length)) / mutants.length;
    return { left: all, random: randomFor(file), drawn: [], wanted: Math.floor(exact), rest: exact % 1 };
  });
  let missing = count - shares.reduce((sum, { wanted }) => sum + wanted, 0);
  for (const share of shares.toSorted((a, b) => b.rest - a.rest)) if (missing-- > 0) share.wanted++;
  for (;;) {
    const next = shares.map(({ left, random, drawn, wanted }) =>
      Array.from(
        { length: Math.min(wanted - drawn.length, left.length) },
        () => left.splice(random(left.length), 1)[0],
      ),
    );
    if (next.every(({ length }) => length === 0)) break;
    const kept = new Set(keep(next.flat()));
    shares.forEach(({ drawn }, i) => drawn.push(...next[i].filter((mutant) => kept.has(mutant))));
  }
  return shares.flatMap(({ drawn }) => drawn).toSorted((a, b) => Number(a.key) - Number(b.key));
}
