/**
 * `npm run mutation`: whether the tests notice when the code is wrong. Stryker's instrumenter makes small mistakes ("mutants") in
 * src/gradcheck, src/float64, src/differentiation and src/functions, one at a time, and the tests that reach one must fail.
 * docs/reliability.md says how to read what comes out.
 *
 *   --mutants 500       how many to draw; `all` of them takes hours
 *   --seed 1            which
 *   --files part        only those of files whose path has this part; may be given again
 *   --mutant id         only this one, as the list of survivors names it; may be given again
 *   --threshold 90      the score, in per cent, below which the exit code is 1
 *   --budget 30         seconds of tests that are spent on a mutant, the quick ones first, before it counts as not noticed
 *   --long              also the tests that look at very many functions
 *   --incremental       keep what the last run says of mutants whose file and whose tests are the same since, as Stryker's option does
 *   --workers 2         processes that run tests; by default one for each core
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { optionsOf } from './options.mjs';
import { setup } from './setup.mjs';
import { mutantCompiler } from './mutation/compiles.mjs';
import { draw, mutantsOf } from './mutation/mutants.mjs';
import { pool } from './mutation/pool.mjs';
import { progressLine } from './mutation/progress.mjs';

/** The folders of src/ that have mutants, and the folders of test/ that are to notice them: their own, and their nearest user's. */
const FOLDERS = {
  functions: ['functions'],
  differentiation: ['differentiation', 'networks'],
  float64: ['float64'],
  gradcheck: ['gradcheck'],
};

/** Tests that run the code in another process, where no mutant is. */
const ELSEWHERE = ['test/float64/browser.long.test.ts'];

/** Tests that look at very many functions: minutes for each mutant. */
const isLong = (file) => file.endsWith('.long.test.ts');

/** What came of the tests without a mutant, by the contents of the files. */
const KNOWN = 'runs/mutation/tests.json';

/** What came of each mutant, for --incremental. */
const RESULTS = 'runs/mutation/results.json';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const options = readOptions();

function fail(message) {
  console.error(`mutation: ${message}`);
  process.exit(2);
}

function readOptions() {
  const number = (name, text, least) => {
    if (!/^\d+$/.test(text) || Number(text) < least)
      fail(`--${name} must be a whole number from ${least}, got ${JSON.stringify(text)}.`);
    return Number(text);
  };
  const { values } = optionsOf(
    'mutation',
    {
      mutants: { type: 'string', default: '500' },
      seed: { type: 'string', default: '1' },
      files: { type: 'string', multiple: true, default: [''] },
      mutant: { type: 'string', multiple: true },
      threshold: { type: 'string', default: '90' },
      budget: { type: 'string', default: '30' },
      long: { type: 'boolean', default: false },
      incremental: { type: 'boolean', default: false },
      workers: { type: 'string', default: String(os.availableParallelism()) },
    },
    { hint: 'The options are at the top of scripts/mutation.mjs.' },
  );
  return {
    ...values,
    mutants: values.mutants === 'all' ? Infinity : number('mutants', values.mutants, 1),
    seed: number('seed', values.seed, 0),
    threshold: number('threshold', values.threshold, 0),
    budget: number('budget', values.budget, 0),
    workers: number('workers', values.workers, 1),
  };
}

const filesUnder = (folder, ending) =>
  readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(ending))
    .map((name) => `${folder}/${name}`.replaceAll('\\', '/'))
    .toSorted();

try {
  await setup();
} catch (error) {
  console.error(`mutation: ${error.message}`);
  process.exit(3);
}
mkdirSync('runs/mutation', { recursive: true });

const started = performance.now();
const all = await mutantsOf(Object.keys(FOLDERS).flatMap((folder) => filesUnder(`src/${folder}`, '.ts')));
const chosen = await choose(all.mutants);
const instrumentedFile = 'runs/mutation/instrumented.json';
writeFileSync(instrumentedFile, JSON.stringify(all.instrumented));

const workers = pool(options.workers, {
  GRADPARITY_MUTATED: instrumentedFile,
  TF_CPP_MIN_LOG_LEVEL: '2',
  TF_ENABLE_ONEDNN_OPTS: '0',
});
process.once('exit', workers.end);
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    writeReport();
    printSummary();
    process.exit(130);
  });
}
const results = [];
const suites = await dryRun();
await runMutants();
workers.end();
writeReport();
process.exitCode = printSummary() ? 0 : 1;

// ---- which mutants ----

async function choose(mutants) {
  if (options.mutant) {
    return options.mutant.map(
      (id) =>
        mutants.find((mutant) => mutant.id === id) ??
        fail(`there is no mutant ${id}. An id is a file of src/ without its ending, # and a number.`),
    );
  }
  const within = mutants.filter(({ file }) => options.files.some((part) => file.includes(part)));
  if (within.length === 0) fail(`no file of the four folders has ${options.files.join(' or ')} in its path.`);
  const { randomIndices } = await import('../dist/random.js');
  const compiling = mutantCompiler();
  const progress = progressLine('mutants drawn', Math.min(options.mutants, within.length));
  let kept = 0;
  const randomFor = (file) =>
    randomIndices(options.seed * 2 ** 32 + parseInt(digest([file]).slice(0, 8), 16));
  const drawn = draw(within, options.mutants, randomFor, (some) => {
    const good = compiling(some);
    progress.update((kept += good.length));
    return good;
  });
  progress.stop();
  return drawn;
}

// ---- without a mutant: which test reaches which, and how long it takes ----

/** Of each test file: the seconds of its tests and of the rest, and how often a test, or the file outside of any, reaches a mutant. */
async function dryRun() {
  const folders = new Set(chosen.flatMap(({ file }) => FOLDERS[file.split('/')[1]]));
  const files = [...folders]
    .flatMap((folder) => filesUnder(`test/${folder}`, '.test.ts'))
    .filter((file) => !ELSEWHERE.includes(file) && (options.long || !isLong(file)));
  const known = Object.fromEntries(readJson(KNOWN));
  const common = digest([
    JSON.stringify(all.instrumented),
    ...[...filesUnder('src', '.ts'), ...filesUnder('test', '.ts'), 'package-lock.json']
      .filter((file) => !file.endsWith('.test.ts') && all.instrumented[file] === undefined)
      .map((file) => readFileSync(file, 'utf8')),
  ]);
  const progress = progressLine('test files without a mutant', files.length);
  let done = 0;
  await workers.each(files, async (file, run) => {
    const key = digest([common, file, readFileSync(file, 'utf8')]);
    if (known[file]?.key !== key) {
      known[file] = { key, ...(await measure(file, run)) };
      writeFileSync(KNOWN, JSON.stringify(Object.entries(known)));
    }
    progress.update(++done);
  });
  progress.stop();
  return Object.fromEntries(files.map((file) => [file, known[file]]));
}

async function measure(file, run) {
  const begun = performance.now();
  const { passed, failing, message, coverage, tests } = await run({ file }, 1800);
  if (!passed && !(failing?.length > 0)) fail(`${file} does not pass without a mutant:\n${message}`);
  const seconds = (performance.now() - begun) / 1000;
  const inTests = Object.values(tests).reduce((sum, each) => sum + each, 0);
  return { tests, failing, rest: Math.max(0.1, seconds - inTests), coverage };
}

function readJson(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
}

function digest(texts) {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(text).update('\0');
  return hash.digest('hex');
}

// ---- with a mutant ----

/**
 * Where a mutant is reached, as far as the budget goes: test files, the shortest first, with the tests that reach it and how often;
 * and all its tests where the file reaches it outside of them.
 */
function reachesOf({ key, file: source }) {
  const files = Object.entries(suites).filter(([file]) =>
    FOLDERS[source.split('/')[1]].includes(file.split('/')[1]),
  );
  const inTests = files
    .filter(([, { coverage }]) => !coverage.static[key])
    .flatMap(([file, { tests, coverage }]) =>
      Object.keys(tests)
        .filter((name) => coverage.perTest[name]?.[key] > 0)
        .map((name) => ({ file, name, seconds: tests[name], hits: coverage.perTest[name][key] })),
    )
    .toSorted((a, b) => a.seconds - b.seconds);
  let spent = 0;
  const affordable = inTests.filter(({ seconds }, i) => (spent += seconds) <= options.budget || i === 0);
  return files
    .flatMap(([file, { tests, rest, coverage }]) => {
      const own = affordable.filter((each) => each.file === file);
      const hits = own.reduce((sum, each) => sum + each.hits, coverage.static[key] ?? 0);
      if (hits === 0) return [];
      const isOutside = coverage.static[key] > 0;
      const durations = isOutside ? Object.values(tests) : own.map(({ seconds }) => seconds);
      const seconds = durations.reduce((sum, each) => sum + each, rest);
      return [
        {
          file,
          isOutside,
          tests: isOutside ? Object.keys(tests) : own.map(({ name }) => name),
          hits,
          seconds,
        },
      ];
    })
    .toSorted((a, b) => a.seconds - b.seconds);
}

async function runMutants() {
  const known = new Map(readJson(RESULTS));
  const progress = progressLine('mutants', chosen.length);
  let noticed = 0;
  const finish = (plan, outcome) => {
    plan.done = true;
    results.push({ ...plan.mutant, ...outcome });
    if (isNoticed(outcome)) noticed++;
    progress.update(results.length, `${noticed} noticed, ${results.length - noticed} not`);
    known.set(plan.mutant.id, { key: resultKey(plan, outcome), outcome });
    writeFileSync(RESULTS, JSON.stringify([...known]));
  };
  const plans = chosen.map((mutant) => ({ mutant, reaches: reachesOf(mutant), later: [] }));
  for (const plan of plans) {
    const before = options.incremental ? known.get(plan.mutant.id) : undefined;
    if (before !== undefined && before.key === resultKey(plan, before.outcome)) finish(plan, before.outcome);
    else if (plan.reaches.length === 0) finish(plan, { status: 'NoCoverage' });
  }
  await runTogether(plans, finish);
  // Whatever is left has not been noticed so far.
  await workers.each(
    plans.filter(({ done }) => !done),
    async (plan, run) => finish(plan, await runAlone(plan.mutant, plan.later, run)),
  );
  progress.stop();
}

/** File by file, the quick ones first: each test with all the mutants that it reaches. What cannot be tried so comes `later`. */
async function runTogether(plans, finish) {
  const left = (file) =>
    plans.filter(
      ({ done, reaches }) => !done && reaches.some((reach) => reach.file === file && !reach.isOutside),
    );
  const secondsOf = ({ tests, rest }) => rest + Object.values(tests).reduce((sum, each) => sum + each, 0);
  for (const plan of plans) plan.later.push(...plan.reaches.filter(({ isOutside }) => isOutside));
  const files = Object.keys(suites).toSorted((a, b) => secondsOf(suites[a]) - secondsOf(suites[b]));
  for (const file of files) {
    const now = left(file);
    const size = Math.ceil(now.length / options.workers);
    const shares = Array.from({ length: options.workers }, (_, i) => now.slice(i * size, (i + 1) * size));
    const limit = 60 + suites[file].rest + 20 * Math.max(...Object.values(suites[file].tests));
    await workers.each(
      shares.filter(({ length }) => length > 0),
      async (share, run) => {
        const byKey = new Map(share.map((plan) => [plan.mutant.key, plan]));
        const open = new Set(byKey.keys());
        const reachOf = (key) => byKey.get(key).reaches.find((reach) => reach.file === file);
        const putOff = (key, test) =>
          byKey.get(key).later.push(test === undefined ? reachOf(key) : { ...reachOf(key), tests: [test] });
        const hear = ({ noticed, status, test }) => {
          if (noticed === undefined) return;
          open.delete(noticed);
          finish(byKey.get(noticed), { status, killedBy: `${file}: ${test}` });
        };
        while (open.size > 0) {
          const mutants = Object.fromEntries([...open].map((key) => [key, reachOf(key).tests]));
          const tests = [...new Set(Object.values(mutants).flat())];
          const answer = await run({ file, mutants, tests }, limit, hear);
          for (const { mutant, test } of answer.untried ?? []) putOff(mutant, test);
          if (answer.passed) {
            for (const key of open) if (!answer.unfinished.includes(key)) open.delete(key);
          } else if (answer.trying !== undefined) {
            putOff(answer.trying);
            open.delete(answer.trying);
          } else {
            open.forEach((key) => putOff(key));
            open.clear();
          }
        }
      },
    );
  }
}

/** Test file by test file with the mutant on from the start. */
async function runAlone({ key }, runs, run) {
  for (const { file, tests, hits, seconds } of runs) {
    let answer = await run({ file, mutant: key, tests, hits }, 60 + 20 * seconds);
    // A test that needs those before it may have failed for the want of them.
    if (answer.passed === false && !(await standsAlone(file, answer.failed, run))) {
      answer = await run({ file, mutant: key, tests: Object.keys(suites[file].tests), hits }, 600);
    }
    if (answer.late || answer.endless) return { status: 'Timeout', killedBy: file };
    if (answer.crashed) return { status: 'Killed', killedBy: `${file}: the process ended` };
    if (!answer.passed) return { status: 'Killed', killedBy: `${file}: ${answer.failed}` };
  }
  return { status: 'Survived' };
}

/** Whether a test passes without a mutant when it runs alone. */
async function standsAlone(file, test, run) {
  const suite = suites[file];
  if (!(test in suite.tests)) return false;
  suite.alone ??= {};
  suite.alone[test] ??= (await run({ file, mutant: 'none', tests: [test] }, 600)).passed === true;
  return suite.alone[test];
}

function isNoticed({ status }) {
  return status === 'Killed' || status === 'Timeout';
}

/** What an outcome depends on: the mutant, the file around it, and the test file that noticed, or all that did not. */
function resultKey({ mutant: { file, span, replacement }, reaches }, outcome) {
  const tests = isNoticed(outcome)
    ? [outcome.killedBy.split(': ')[0]]
    : reaches.map((reach) => reach.file).toSorted();
  const texts = [file, ...tests].map((name) => (existsSync(name) ? readFileSync(name, 'utf8') : ''));
  return digest([JSON.stringify([span, replacement, ...tests]), ...texts]);
}

// ---- what came out ----

/** runs/mutation.json, in the format of https://github.com/stryker-mutator/mutation-testing-elements, which its viewer reads. */
function writeReport() {
  results.sort((a, b) => Number(a.key) - Number(b.key));
  const files = {};
  for (const result of results) {
    files[result.file] ??= { language: 'typescript', source: readFileSync(result.file, 'utf8'), mutants: [] };
    const place = ({ line, column }) => ({ line: line + 1, column: column + 1 });
    files[result.file].mutants.push({
      id: result.id,
      mutatorName: result.mutator,
      replacement: result.replacement,
      location: { start: place(result.location.start), end: place(result.location.end) },
      status: result.status,
      ...(result.killedBy !== undefined && { statusReason: result.killedBy }),
      duration: Math.round(result.seconds * 1000),
    });
  }
  const report = {
    schemaVersion: '2',
    thresholds: { high: options.threshold, low: options.threshold },
    config: options,
    files,
  };
  writeFileSync('runs/mutation.json', JSON.stringify(report, undefined, 1));
}

function printSummary() {
  const score = (some) => {
    return (100 * some.filter(isNoticed).length) / some.length;
  };
  const line = (name, some) => {
    const count = (wanted) => some.filter(({ status }) => status === wanted).length;
    const counts = ['Killed', 'Timeout', 'Survived', 'NoCoverage'].map(count);
    return [name, some.length, ...counts, `${score(some).toFixed(1)} %`];
  };
  const table = new Table({
    head: ['folder', 'mutants', 'killed', 'timeout', 'survived', 'no coverage', 'score'],
    colAligns: ['left', ...Array(6).fill('right')],
    style: { head: [], border: [] },
  });
  for (const folder of Object.keys(FOLDERS)) {
    const own = results.filter(({ file }) => file.startsWith(`src/${folder}/`));
    if (own.length > 0) table.push(line(folder, own));
  }
  table.push(line('all', results));
  const short = (text) => {
    const flat = text.replace(/\s+/g, ' ');
    return flat.length > 60 ? `${flat.slice(0, 59)}…` : flat;
  };
  for (const { status, id, file, line, mutator, original, replacement } of results) {
    if (isNoticed({ status })) continue;
    console.log(`${status} ${id} (${file}:${line}, ${mutator}): ${short(original)} → ${short(replacement)}`);
  }
  console.log(table.toString());
  const total = score(results);
  const minutes = ((performance.now() - started) / 60_000).toFixed(1);
  const failing = Object.entries(suites).flatMap(([file, suite]) =>
    (suite.failing ?? []).map((name) => `${file}: ${name}`),
  );
  for (const name of failing) console.log(`Left out, since it does not pass without a mutant: ${name}`);
  const enough = total >= options.threshold;
  console.log(
    `${total.toFixed(1)} % noticed, ${enough ? 'at least' : 'less than'} ${options.threshold} %; seed ${options.seed}, ${minutes} min. All results: runs/mutation.json.`,
  );
  return enough && failing.length === 0;
}
