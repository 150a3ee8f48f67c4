/** A process that runs one test file at a time, as environment.mjs says, and keeps what it has loaded. */
import { fileURLToPath } from 'node:url';
import { runCLI } from 'jest';
import { run } from './environment.mjs';

const config = fileURLToPath(new URL('jest.config.mjs', import.meta.url));
const options = {
  _: [],
  $0: '',
  runInBand: true,
  runTestsByPath: true,
  silent: true,
  reporters: [],
  watchman: false,
};

process.on('message', async ({ file, ...task }) => {
  const none = { mutant: undefined, mutants: undefined, tests: undefined, hits: undefined, unfinished: [] };
  Object.assign(run, none, task, { failed: undefined, untried: [] });
  const { results } = await runCLI({ ...options, _: [file] }, [config]);
  const [result] = results.testResults;
  const passed = results.success && results.numTotalTests > 0;
  const isPlain = task.mutant === undefined && task.mutants === undefined;
  process.send({
    passed,
    failed: passed ? undefined : (run.failed ?? 'outside of the tests'),
    message: result?.failureMessage,
    endless: run.endless === true,
    untried: run.untried,
    unfinished: run.unfinished,
    ...(isPlain && { coverage: run.coverage, ...durations(result) }),
    memory: process.memoryUsage().rss,
  });
});

/** The seconds of each test that passes, by the names that environment.mjs gives them, and the names of those that fail. */
function durations(result) {
  const nameOf = ({ ancestorTitles, title }) => [...ancestorTitles, title].join(' › ');
  const having = (status) => (result?.testResults ?? []).filter((test) => test.status === status);
  return {
    tests: Object.fromEntries(having('passed').map((test) => [nameOf(test), (test.duration ?? 0) / 1000])),
    failing: having('failed').map(nameOf),
  };
}
