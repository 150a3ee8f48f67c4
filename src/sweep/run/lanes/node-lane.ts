/** A lane in a Node process of its own. */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import pidusage from 'pidusage';
import { EnvironmentError } from '../../../errors.js';
import { optionsForShortWork } from '../../../v8-options.js';
import type { SweepCase } from '../../cases/case.js';
import type { LostObservation, Observation, Phase, Stage } from '../../observation/observation.js';
import type { ChildMessage, ChildRequest } from './child.js';
import { lostTo, WITH_FIXES, type Lane, type LaneLimits } from './lane.js';

/** Milliseconds between two looks at the process' memory, once a stage takes longer than that. */
const MEMORY_INTERVAL = 500;
/** Seconds for the process to come up. */
const START_LIMIT = 60;
/** How much of a process' words is kept for the error. */
const WORDS = 2000;

export class NodeLane implements Lane {
  private child: ChildProcess | undefined;
  private words = '';
  private closed = false;
  /** Ends the wait for the stage that runs. */
  private abandon = (): void => {};

  /** @param withFixes whether `gradparity/fixes` are in place in the process */
  constructor(
    private readonly limits: LaneLimits,
    private readonly withFixes = false,
  ) {}

  async observe(one: SweepCase, stage: Stage, timeLimit = this.limits.timeLimit): Promise<Observation> {
    const child = await this.running();
    return new Promise((resolve, reject) => {
      let phase: Phase = 'forward';
      let why: LostObservation['lost'] = 'crashes';
      const kill = (reason: LostObservation['lost']): void => {
        why = reason;
        child.kill('SIGKILL');
      };
      const timer = setTimeout(() => kill('hangs'), 1000 * timeLimit);
      const watch = setInterval(() => {
        if (child.pid === undefined) return;
        pidusage(child.pid).then(
          ({ memory }) => memory > this.limits.memoryLimit * 2 ** 20 && kill('memory'),
          () => {},
        );
      }, MEMORY_INTERVAL);
      const stop = (): void => {
        clearTimeout(timer);
        clearInterval(watch);
        child.removeAllListeners();
      };
      const end = (observation: Observation): void => {
        stop();
        resolve(observation);
      };
      this.abandon = () => {
        stop();
        reject(new Error('The lane is closed.'));
      };
      child.on('message', (message: ChildMessage) => {
        if (message.kind === 'phase') phase = message.phase;
        if (message.kind === 'lacks') {
          stop();
          reject(new EnvironmentError(message.error));
        }
        if (message.kind !== 'done') return;
        if (message.worn) this.drop();
        end(message.observation);
      });
      child.on('close', (code, signal) => {
        this.child = undefined;
        end(lostTo(why, stage, phase, this.limits, signal ? `signal ${signal}` : `exit code ${code}`));
      });
      child.on('error', () => {});
      child.send({ one, stage } satisfies ChildRequest, () => {});
    });
  }

  /** Starts the process where there is none. */
  private async running(): Promise<ChildProcess> {
    if (this.closed) throw new Error('The lane is closed.');
    if (this.child?.connected) return this.child;
    const child = fork(
      fileURLToPath(new URL('./child.js', import.meta.url)),
      this.withFixes ? [WITH_FIXES] : [],
      {
        execArgv: [
          ...process.execArgv.filter((argument) => !argument.startsWith('--inspect')),
          ...optionsForShortWork(),
        ],
        serialization: 'advanced',
        // A group of its own: Ctrl-C in a terminal is for the parent alone, which ends its stage first.
        detached: process.platform !== 'win32',
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
        // With libtensorflow's default, oneDNN, as in a user's process.
        env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2', TF_ENABLE_ONEDNN_OPTS: '1' },
      },
    );
    this.words = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.words = (this.words + text).slice(-WORDS);
    });
    await new Promise<void>((resolve, reject) => {
      const failed = (how: string): void =>
        reject(new EnvironmentError(`A process of the sweep does not start (${how}): ${this.words.trim()}`));
      const timer = setTimeout(() => failed(`${START_LIMIT} s`), 1000 * START_LIMIT);
      child.once('message', () => {
        clearTimeout(timer);
        resolve();
      });
      child.once('close', (code) => {
        clearTimeout(timer);
        failed(`exit code ${code}`);
      });
    });
    child.removeAllListeners();
    if (this.closed) {
      child.kill('SIGKILL');
      throw new Error('The lane is closed.');
    }
    this.child = child;
    return child;
  }

  private drop(): void {
    const { child } = this;
    this.child = undefined;
    child?.removeAllListeners();
    child?.kill('SIGKILL');
  }

  async close(): Promise<void> {
    this.closed = true;
    this.drop();
    this.abandon();
  }
}
