/**
 * The tests' environment, in which mutants are on. What the worker asks for is in `run`:
 *
 * - `mutant`: this one is on while the file runs, from its first line; `tests` are those that run, and nothing runs after a failure;
 * - `mutants`: no mutant is on, but at the end the tests run again, the shortest first, each with those of these mutants that name it. That spares what a file takes to load, and what it takes is more than most tests.
 *
 * A test that fails for a mutant must pass without it right after, or it may have failed for what another mutant left behind. What could
 * not be tried in this way is said, and tried in the other.
 */
import TestEnvironment from '../../test/support/environment.mjs';

/** What the worker says of the run, and where it looks for what came out. Jest may load this file a second time, so that it is global. */
export const run = (globalThis[Symbol.for('gradparity.mutation')] ??= {});

/** A mutant that is met this many times as often as without it runs for ever. Stryker's factor. */
const ENDLESS = 100;

const nameOf = (test) => {
  const names = [];
  for (let at = test; at.parent; at = at.parent) names.unshift(at.name);
  return names.join(' › ');
};

/** Does again what a block and those around it do before their tests. */
async function prepare(block) {
  if (block.parent) await prepare(block.parent);
  for (const { type, fn } of block.hooks) if (type === 'beforeAll') await fn.call({});
}

export default class MutantEnvironment extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    /** The object that the instrumented code looks for by this name. */
    this.global.__stryker__ = this.switches = {
      activeMutant: run.mutant,
      mutantCoverage: { static: {}, perTest: {} },
      ...(run.hits !== undefined && { hitCount: 0, hitLimit: run.hits * ENDLESS }),
    };
    this.tests = run.tests && new Set(run.tests);
    this.waiting = new Set(Object.keys(run.mutants ?? {}));
    /** Tests to run again, with the milliseconds that they took. */
    this.passed = [];
  }

  async handleTestEvent({ name, test }, { rootDescribeBlock: parent }) {
    if (name === 'run_start' && this.waiting.size > 0) {
      // As a hook it may import what a test may.
      const [type, fn, asyncError] = ['afterAll', () => this.runAgain(), new Error()];
      parent.hooks.push({ type, fn, parent, asyncError, seenDone: false, timeout: 2 ** 31 - 1 });
    } else if (name === 'test_start') {
      const isOver = run.mutant !== undefined && run.failed !== undefined;
      const isWanted = !isOver && (!this.tests || this.tests.has(nameOf(test)));
      if (!isWanted) test.mode = 'skip';
      this.switches.currentTestId = nameOf(test);
    } else if (name === 'test_fn_success' && this.waiting.size > 0) {
      this.passed.push({ test, took: Date.now() - test.startedAt });
    } else if (name === 'test_done') {
      this.switches.currentTestId = undefined;
      if (test.errors.length > 0) run.failed ??= nameOf(test);
    }
  }

  /** By the order of magnitude of what they take; among those alike block by block, as each begins with its own preparations. */
  async runAgain() {
    const magnitude = ({ took }) => Math.round(Math.log2(took + 1));
    let prepared;
    for (const { test } of this.passed.toSorted((a, b) => magnitude(a) - magnitude(b))) {
      if (this.waiting.size === 0) break;
      if (test.parent !== prepared?.block) {
        const isReady = await prepare(test.parent).then(
          () => true,
          () => false,
        );
        prepared = { block: test.parent, isReady };
      }
      await this.tryMutants(test, prepared.isReady);
    }
    this.switches.currentTestId = undefined;
  }

  async tryMutants(test, isReady) {
    const { mutantCoverage: coverage } = this.switches;
    const name = nameOf(test);
    const hits = coverage.perTest[name] ?? {};
    const reached = [...this.waiting].filter(
      (mutant) => hits[mutant] > 0 && run.mutants[mutant].includes(name),
    );
    if (reached.length === 0) return;
    this.switches.currentTestId = 'again';
    if (!isReady || test.fn.length > 0 || (await this.repeat(test)).failed) {
      run.untried.push(...reached.map((mutant) => ({ mutant, test: name })));
      return;
    }
    for (const mutant of reached) {
      process.send({ trying: mutant });
      const { failed, endless, met } = await this.repeat(test, mutant, hits[mutant] * ENDLESS);
      if (!met) run.untried.push({ mutant, test: name });
      if (!failed && !endless) continue;
      this.waiting.delete(mutant);
      if ((await this.repeat(test)).failed) {
        run.untried.push({ mutant });
        run.unfinished = [...this.waiting];
        this.waiting.clear();
        return;
      }
      process.send({ noticed: mutant, status: endless ? 'Timeout' : 'Killed', test: name });
    }
  }

  async repeat(test, mutant, hitLimit) {
    Object.assign(this.switches, { activeMutant: mutant, hitCount: 0, hitLimit });
    let failed = false;
    try {
      await test.fn.call({});
    } catch {
      failed = true;
    }
    const { hitCount } = this.switches;
    Object.assign(this.switches, { activeMutant: undefined, hitCount: undefined });
    return { failed, endless: hitCount > hitLimit, met: hitCount > 0 };
  }

  async teardown() {
    const { mutantCoverage, hitCount, hitLimit } = this.switches;
    Object.assign(run, { coverage: mutantCoverage, endless: hitCount > hitLimit });
    await super.teardown();
  }
}
