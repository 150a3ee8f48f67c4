/** Progress on stderr, where that is a terminal. */
import { SingleBar } from 'cli-progress';
import type { DownloadProgress } from '../data/mnist.js';
import type { SweepProgress } from '../sweep/run/sweep.js';

const show = (): boolean => process.stderr.isTTY === true;

/** A bar for training: steps done, loss, accuracy, time left. */
export function trainingBar(steps: number): {
  update: (step: number, loss: number) => void;
  accuracy: (share: number) => void;
  stop: () => void;
} {
  if (!show()) return { update: () => {}, accuracy: () => {}, stop: () => {} };
  const bar = new SingleBar({
    stream: process.stderr,
    format: '{bar} {value}/{total} steps  loss {loss}  accuracy {accuracy}  {eta_formatted} left',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 24,
    hideCursor: true,
    etaBuffer: 50,
    fps: 10,
  });
  bar.start(steps, 0, { loss: '–', accuracy: '–' });
  return {
    update: (step, loss) => bar.update(step, { loss: loss.toFixed(4) }),
    accuracy: (share) => bar.update({ accuracy: `${(100 * share).toFixed(1)} %` }),
    stop: () => bar.stop(),
  };
}

/** A bar for the file that is downloading. */
export async function downloadBar(): Promise<{
  update: (progress: DownloadProgress) => void;
  stop: () => void;
}> {
  let bar: SingleBar | undefined;
  let file = '';
  const stop = (): void => bar?.stop();
  const update = (progress: DownloadProgress): void => {
    if (!show()) return;
    if (progress.file !== file) {
      stop();
      file = progress.file;
      bar = new SingleBar({
        stream: process.stderr,
        format: '{bar} {percentage} %  {file}  {eta_formatted} left',
        barsize: 24,
        hideCursor: true,
      });
      bar.start(progress.total ?? progress.received, progress.received, { file });
    }
    bar?.update(progress.received);
  };
  return { update, stop };
}

/** A bar for the sweep: cases done, what was found, time left; then the findings that are made small. */
export function sweepBar(): { update: (progress: SweepProgress) => void; stop: () => void } {
  let bar: SingleBar | undefined;
  let phase: SweepProgress['phase'] | undefined;
  const stop = (): void => {
    bar?.stop();
    bar = undefined;
  };
  const update = (progress: SweepProgress): void => {
    if (!show()) return;
    if (progress.phase !== phase) {
      stop();
      phase = progress.phase;
      const what = phase === 'judging' ? 'cases  {found} found' : 'findings explained';
      bar = new SingleBar({
        stream: process.stderr,
        format: `{bar} {value}/{total} ${what}  {eta_formatted} left`,
        barCompleteChar: '█',
        barIncompleteChar: '░',
        barsize: 24,
        hideCursor: true,
        etaBuffer: 100,
        fps: 10,
      });
      bar.start(progress.total, progress.done, { found: progress.findings });
    }
    bar?.update(progress.done, { found: progress.findings });
  };
  return { update, stop };
}
