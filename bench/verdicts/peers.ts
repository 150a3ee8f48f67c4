/** The same cases through PyTorch's gradcheck and JAX' check_grads. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Case } from './cases.js';
import type { Answer } from './judge.js';

export interface PeerAnswer {
  checker: string;
  one: Case;
  answer: Answer;
}

/** Runs `peers.py` over the cases, a line of JSON for each in and out. Above `mostEntries` PyTorch's slow mode is left out. */
export async function askPeers(
  cases: readonly Case[],
  mostEntries: number,
  progress: (done: number) => void,
): Promise<{ answers: PeerAnswer[]; versions: Record<string, string> }> {
  const { pythonEnvironment } = await import('../../scripts/python-environment.mjs');
  const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
  const child = spawn(
    pythonEnvironment(here('../gradcheck/requirements.txt')),
    [here('./peers.py'), String(mostEntries)],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const answers: PeerAnswer[] = [];
  let done = 0;
  let versions: Record<string, string> | undefined;
  const reading = (async () => {
    for await (const line of createInterface({ input: child.stdout })) {
      if (!versions) {
        versions = JSON.parse(line) as Record<string, string>;
        continue;
      }
      const given = JSON.parse(line) as Record<string, Answer>;
      const one = cases[done];
      for (const [checker, answer] of Object.entries(given)) answers.push({ checker, one, answer });
      progress(++done);
    }
  })();
  for (const { composition, falsification = null, reference, allowed } of cases) {
    const text = JSON.stringify({
      ...composition,
      falsification,
      reference: reference.map((g) => Array.from(g)),
      allowed: allowed.map((g) => Array.from(g)),
    });
    if (!child.stdin.write(`${text}\n`)) await new Promise((resolve) => child.stdin.once('drain', resolve));
  }
  child.stdin.end();
  await reading;
  const status = await ended;
  if (status !== 0 || done !== cases.length) {
    throw new Error(
      `verdicts: the peers ended with exit code ${status} after ${done} of ${cases.length} cases.`,
    );
  }
  return { answers, versions: versions ?? {} };
}
