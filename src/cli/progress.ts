/** Progress on stderr, where that is a terminal. */
import { SingleBar } from 'cli-progress';
import { sparkLine } from '../plots/terminal.js';
import type { DownloadProgress } from '../data/mnist.js';
import type { SweepProgress } from '../sweep/run/sweep.js';
import type { EpochRecord } from '../training/history.js';

const show = (): boolean => process.stderr.isTTY === true;

/** Milliseconds after which a training that nobody watches says where it is. */
const SILENCE = 10_000;

/** Milliseconds between two drawings of the curve. */
const REDRAW = 200;

/** A training's progress: a bar with the curve of the loss on a terminal, else a line for each record, and where there is none for long. */
export function trainingProgress(
  steps: number,
  done: number,
): {
  update: (step: number, loss: number) => void;
  record: (record: EpochRecord) => void;
  stop: () => void;
} {
  const accuracyOf = ({ testAccuracy, trainAccuracy }: EpochRecord): string => {
    const share = testAccuracy ?? trainAccuracy;
    return share === undefined ? '–' : `${(100 * share).toFixed(1)} %`;
  };
  if (!show()) {
    let said = performance.now();
    let loss: number | undefined;
    const begun = said;
    const say = (step: number, more = ''): void => {
      said = performance.now();
      const left = step > done ? (((said - begun) / (step - done)) * (steps - step)) / 1000 : undefined;
      const parts = [
        `step ${step}/${steps}`,
        ...(loss === undefined ? [] : [`loss ${loss.toFixed(4)}`]),
        ...(more === '' ? [] : [more]),
        ...(left === undefined || step === steps ? [] : [`${Math.ceil(left)} s left`]),
      ];
      process.stderr.write(`${parts.join('  ')}\n`);
    };
    return {
      update: (step, value) => {
        loss = value;
        if (performance.now() - said > SILENCE) say(step);
      },
      record: (record) => {
        const set = record.testAccuracy === undefined ? 'training' : 'test';
        if (record.testAccuracy !== undefined || record.trainAccuracy !== undefined) {
          say(record.step, `${set} accuracy ${accuracyOf(record)}`);
        }
      },
      stop: () => {},
    };
  }
  const isWide = (process.stderr.columns ?? 80) >= 110;
  const curveWidth = isWide ? 24 : 10;
  const losses: number[] = [];
  let drawn = -Infinity;
  const bar = new SingleBar({
    stream: process.stderr,
    format: '{bar} {value}/{total} steps  loss {loss} {curve}  accuracy {accuracy}  {eta_formatted} left',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: isWide ? 24 : 10,
    hideCursor: true,
    etaBuffer: 50,
    fps: 10,
  });
  bar.start(steps, done, { loss: '–', curve: '', accuracy: '–' });
  return {
    update: (step, loss) => {
      losses.push(loss);
      const isDue = performance.now() - drawn > REDRAW || step === steps;
      if (isDue) drawn = performance.now();
      bar.update(step, { loss: loss.toFixed(4), ...(isDue && { curve: sparkLine(losses, curveWidth) }) });
    },
    record: (record) => bar.update({ accuracy: accuracyOf(record) }),
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

/** Writes the line that says what is being done over the last one, on a terminal; '' takes it away. */
export function status(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}
