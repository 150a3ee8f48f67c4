/** How far a sweep is: a bar on a terminal, and off it a line on stderr every half minute. */
import type { SweepProgress } from '../../sweep/run/sweep.js';
import { sweepBar } from '../progress.js';

/** Seconds between two lines. */
const EVERY = 30;

export interface ProgressView {
  update(progress: SweepProgress): void;
  stop(): void;
}

/** @param every seconds between two lines */
export function sweepProgress(
  write: (line: string) => void = (line) => void process.stderr.write(`${line}\n`),
  every = EVERY,
): ProgressView {
  if (process.stderr.isTTY) return sweepBar();
  const started = performance.now();
  let latest: SweepProgress | undefined;
  const timer = setInterval(() => {
    if (latest) write(progressLine(latest, (performance.now() - started) / 1000));
  }, 1000 * every);
  timer.unref();
  return {
    update: (progress) => void (latest = progress),
    stop: () => clearInterval(timer),
  };
}

/** "sweep: 812 of 2517 cases judged, 134 findings so far, 90 s". */
export function progressLine({ phase, done, total, findings }: SweepProgress, seconds: number): string {
  const what =
    phase === 'judging'
      ? `${done} of ${total} cases judged, ${findings} findings so far`
      : `${done} of ${total} findings explained`;
  return `sweep: ${what}, ${seconds.toFixed(0)} s`;
}
