/** Stages that never came to their end, and tensors left behind. */
import { RANDOM, type SweepCase } from '../cases/case.js';
import type { LostObservation, Phase, SweepBackend } from '../observation/observation.js';
import { hitOf, observed, type Hit } from './hit.js';
import type { Situation } from './situation.js';

const isLongWork = ({ variant }: SweepCase, phase: Phase): boolean =>
  variant === RANDOM && (phase === 'differences' || phase === 'second order');

export function lostHits(one: SweepCase, lost: readonly LostObservation[]): Hit[] {
  return (
    lost
      .filter(({ stage }) => stage !== 'double' || !lost.some((other) => other.stage === 'cpu'))
      // Of a long composition our own differences, which are many runs of what has come to its end before.
      .filter(({ lost: how, phase }) => how !== 'hangs' || !isLongWork(one, phase))
      .map(({ stage, lost: how, phase, message }) =>
        hitOf(one, {
          kind: how === 'memory' ? 'crashes' : how,
          backend: stage === 'double' ? 'cpu' : stage,
          direction: phase === 'differences' ? 'forward' : phase,
          message,
          got: message,
          expected: 'an end',
          witness: observed('the process'),
        }),
      )
  );
}

export function leakHits({ one, backends }: Omit<Situation, 'double'>): Hit[] {
  const hits: Hit[] = [];
  const text = (n: number): string => `${n} tensor${n === 1 ? '' : 's'} more than before`;
  for (const direction of ['forward', 'backward'] as const) {
    const leaking = backends.filter(({ leaks }) => leaks[direction] > 0);
    const threw = leaking.filter((observation) => {
      const outcome = observation[direction];
      return outcome !== undefined && 'error' in outcome;
    });
    const quiet = leaking.filter((observation) => !threw.includes(observation));
    const hit = (backend: SweepBackend | 'core', n: number, message: string): Hit =>
      hitOf(one, {
        kind: 'leaks',
        backend,
        direction,
        message,
        got: text(n),
        expected: 'as many tensors as before',
        witness: observed('tf.memory()'),
      });
    // What all backends have of the core is seen on cpu, which always runs; a crash leaves worse things behind than tensors.
    const thrower = threw.find(({ stage }) => stage === 'cpu');
    if (thrower) {
      const what = direction === 'forward' ? 'An op' : 'A gradient';
      hits.push({
        ...hit(
          'core',
          thrower.leaks[direction],
          `${what} that throws leaves tensors behind, inside of tf.tidy too.`,
        ),
        // One cause for all ops: what the tape saved is not let go.
        ...(direction === 'backward' && {
          id: 'grad-that-throws/leaks/core/backward',
          op: 'grad that throws',
          family: 'core',
        }),
      });
    }
    const message = `The ${direction} pass leaves tensors behind, inside of tf.tidy too.`;
    const plain = quiet.find(({ stage }) => stage === 'cpu');
    if (plain) {
      hits.push(hit('core', plain.leaks[direction], message));
    } else {
      hits.push(...quiet.map(({ stage, leaks }) => hit(stage as SweepBackend, leaks[direction], message)));
    }
  }
  return hits;
}
