/**
 * The order of test files: those that take minutes first, so that none of them runs alone at the end while another core idles. A fresh clone
 * has no times from earlier runs, by which Jest would order; the others follow in Jest's own order.
 */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { default: Sequencer } = createRequire(require.resolve('jest'))('@jest/test-sequencer');

/** The first takes some eighty seconds, the last some twenty. */
const SLOWEST = [
  'gradcheck/zoo.long',
  'sweep/report/programs.long',
  'cli/train.long',
  'cli/sweep.long',
  'sweep/run/queue.long',
  'cli/check.long',
  'sweep/run/subsets.long',
  'cli/commands.long',
  'cli/usage.long',
  'cli/plot.long',
  'models/whole.long',
  'sweep/report/merge.long',
  'readme.long',
  'docs.long',
  'pages/gradcheck.long',
  'pages/demo.long',
  'fixes/gradients/gradients.long',
];

const rankOf = ({ path }) => {
  const rank = SLOWEST.findIndex((name) => path.endsWith(`/test/${name}.test.ts`));
  return rank < 0 ? SLOWEST.length : rank;
};

export default class SlowestFirst extends Sequencer {
  sort(tests) {
    return super.sort(tests).sort((a, b) => rankOf(a) - rankOf(b));
  }
}
