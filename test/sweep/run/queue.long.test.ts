/**
 * Sweeps through a queue, on a real Redis server. Oracle: the report of a single process. Needs redis-server, which CI installs;
 * elsewhere the tests are skipped without it, and those of TLS without openssl.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { SweepReport } from '../../../src/sweep/report/report.js';
import { addressText, connect } from '../../../src/sweep/run/queue/connection.js';
import { answerSchema, QUEUE_NAME, requestSchema } from '../../../src/sweep/run/queue/messages.js';
import { gradparity, main, type Outcome } from '../../cli/run-cli.js';
import { present } from '../../support/present.js';

const has = (program: string, ...args: string[]): boolean => spawnSync(program, args).status === 0;
const PASSWORD = 'open-sesame';
const request = {
  schemaVersion: 1,
  run: '5ba25ab5-5a2c-4a5d-8f0e-6d2ac1ddb0a1',
  seed: 1,
  backends: ['cpu'],
  digest: 5,
  limits: { timeLimit: 10, memoryLimit: 3072 },
  kind: 'judge',
  indices: [1, 2],
};

describe('messages', () => {
  const explain = { ...request, kind: 'explain', index: 3, hit: 'a/b', indices: undefined };
  /** As it is on the way: without what is undefined. */
  const sent = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
  const result = {
    index: 1,
    hits: [],
    backends: { cpu: 'right' },
    formula: 'right',
    second: 'right',
    outputShape: [2],
  };
  const answer = { kind: 'judge', results: [result], versions: {} };

  test('requests and answers that are right pass', () => {
    expect(requestSchema.parse(request)).toEqual(request);
    expect(requestSchema.parse(sent(explain))).toEqual(sent(explain));
    expect(answerSchema.parse(answer)).toEqual(answer);
    // What JSON makes of a shape of NaN.
    expect(answerSchema.parse({ ...answer, results: [{ ...result, outputShape: [null] }] })).toMatchObject({
      results: [{ outputShape: [NaN] }],
    });
  });

  test.each<[string, unknown]>([
    ['an extra field', { ...request, code: 'process.exit()' }],
    ['a field of the other kind', { ...request, hit: 'a/b' }],
    ['no indices', { ...request, indices: [] }],
    ['an index below 0', { ...request, indices: [-1] }],
    ['half an index', { ...request, indices: [0.5] }],
    ['too many indices', { ...request, indices: Array.from({ length: 101 }, (_, i) => i) }],
    ['an unknown backend', { ...request, backends: ['gpu'] }],
    ['no backend', { ...request, backends: [] }],
    ['another version', { ...request, schemaVersion: 2 }],
    ['another kind', { ...request, kind: 'run' }],
    ['no run', { ...request, run: 'mine' }],
    ['a time limit of 0', { ...request, limits: { timeLimit: 0, memoryLimit: 1 } }],
    ['an id as long as a book', { ...explain, hit: 'x'.repeat(501) }],
    ['a text', 'judge'],
    ['null', null],
  ])('a request with %s is refused', (_what, value) => {
    expect(requestSchema.safeParse(sent(value)).success).toBe(false);
  });

  test.each<[string, unknown]>([
    ['another kind', { ...answer, kind: 'done' }],
    ['no versions', { ...answer, versions: undefined }],
    ['no results', { kind: 'judge', versions: {} }],
    ['an unknown cell', { ...answer, results: [{ ...result, formula: 'fine' }] }],
    ['an unknown backend', { ...answer, results: [{ ...result, backends: { gpu: 'right' } }] }],
    ['a hit of nothing', { ...answer, results: [{ ...result, hits: [{}] }] }],
    ['a shape in words', { ...answer, results: [{ ...result, outputShape: ['2'] }] }],
    ['an empty explanation', { kind: 'explain', explanation: {}, versions: {} }],
  ])('an answer with %s is refused', (_what, value) => {
    expect(answerSchema.safeParse(sent(value)).success).toBe(false);
  });
});

describe('addressText', () => {
  test.each([
    ['redis://localhost:6379', 'redis://localhost:6379'],
    ['redis://me:secret@host:1/2', 'redis://me:…@host:1/2'],
    ['rediss://:secret@host', 'rediss://:…@host'],
    ['redis://host?password=secret', 'redis://host?…'],
    ['me:secret@host', '…@host'],
    ['redis:secret@host', '…@host'],
    ['redis://me:12/secret@host', 'redis://…@host'],
    ['redis://me:se@cret@host', 'redis://me:…@host'],
    ['redis://me:%zzsecret@host', 'redis://me:…@host'],
    ['redis://me:secret@host:99999', 'redis://…@host:99999'],
    ['nonsense', 'the address given'],
  ])('%s', (url, text) => expect(addressText(url)).toBe(text));
});

interface Server {
  url: string;
  port: number;
  stop: () => Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const ended = (child: ChildProcess): Promise<number | null> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve(child.exitCode)
    : new Promise((resolve) => child.once('exit', resolve));

/** A server that keeps nothing; `tls` are the options that make it one of TLS only. */
async function startRedis(dir: string, scheme = 'redis', tls?: (port: number) => string[]): Promise<Server> {
  mkdirSync(dir, { recursive: true });
  const port = await freePort();
  const child = spawn(
    'redis-server',
    [
      ...(tls ? tls(port) : ['--port', String(port)]),
      ...['--bind', '127.0.0.1', '--requirepass', PASSWORD, '--save', '', '--appendonly', 'no', '--dir', dir],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (text.includes('Ready to accept connections')) resolve();
    });
    child.once('exit', (code) => reject(new Error(`redis-server ended with ${code}.`)));
  });
  return {
    url: `${scheme}://:${PASSWORD}@127.0.0.1:${port}`,
    port,
    async stop() {
      child.kill('SIGKILL');
      await ended(child);
    },
  };
}

/** The processes that the process has started. */
const childrenOf = (pid: number): number[] =>
  execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([id, ppid]) => (ppid === pid ? [id] : []));

/** Whether a process runs; one that only waits to be buried doesn't. */
function runs(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.trim() !== '' && !stdout.trim().startsWith('Z');
}

(has('redis-server', '--version') ? describe : describe.skip)('on a Redis server', () => {
  const cwd = mkdtempSync(path.join(os.tmpdir(), 'gradparity-queue-'));
  const started: ChildProcess[] = [];
  let server: Server;
  let connection: Redis;
  let queue: Queue;
  let single: string;

  const small = ['sweep', '--ops', 'cumsum', '--backends', 'cpu'];
  const withoutSeconds = (text: string): string => text.replace(/"seconds": [\d.e+-]+/, '"seconds": 0');
  const sweep = (name: string, ...args: string[]): Promise<Outcome> =>
    gradparity([...small, '--report', `${name}.json`, '--journal', `${name}.jsonl`, ...args], { cwd });
  const report = (name: string): string => readFileSync(path.join(cwd, `${name}.json`), 'utf8');

  interface WorkerProcess {
    child: ChildProcess;
    pid: number;
    words: () => string;
  }

  /** A worker of one job, once it is there. */
  async function work(url = server.url, env: NodeJS.ProcessEnv = {}): Promise<WorkerProcess> {
    const child = spawn(process.execPath, [main, 'worker', '--jobs', '1'], {
      cwd,
      stdio: ['ignore', 'inherit', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: '', GRADPARITY_QUEUE: url, ...env },
    });
    started.push(child);
    let words = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (words += text));
    while (!words.includes('Working for') && child.exitCode === null) await sleep(20);
    expect(words).toMatch(/^Working for rediss?:\/\/:…@127\.0\.0\.1:\d+, 1 at a time; Ctrl-C ends\.\n$/);
    return { child, pid: present(child.pid), words: () => words };
  }

  async function dismiss(
    { child, words }: WorkerProcess,
    [signal, code]: readonly [NodeJS.Signals, number] = ['SIGINT', 130],
  ): Promise<void> {
    child.kill(signal);
    expect(await ended(child)).toBe(code);
    expect(words()).toMatch(/Done: \d+ messages\.\n$/);
  }

  beforeAll(async () => {
    server = await startRedis(path.join(cwd, 'redis'));
    connection = await connect(server.url);
    queue = new Queue(QUEUE_NAME, { connection });
    expect((await sweep('single', '--jobs', '2')).code).toBe(1);
    single = withoutSeconds(report('single'));
    const { cases, judged, findings } = JSON.parse(single) as SweepReport;
    expect([judged, findings.length > 0]).toEqual([cases, true]);
  }, 60_000);

  afterAll(async () => {
    started.forEach((child) => child.kill('SIGKILL'));
    await queue?.close();
    connection?.disconnect();
    await server?.stop();
    rmSync(cwd, { recursive: true, force: true });
  });

  test('two workers find what a single process finds, to the byte, and nothing stays in the queue', async () => {
    const workers = await Promise.all([work(), work()]);
    const { code, stderr } = await sweep('two', '--queue', server.url);
    expect([code, stderr]).toEqual([1, '']);
    expect(withoutSeconds(report('two'))).toBe(single);
    expect(Object.values(await queue.getJobCounts()).every((count) => count === 0)).toBe(true);
    const ways = [['SIGTERM', 143], ['SIGHUP', 129]] as const; // prettier-ignore
    for (const [k, worker] of workers.entries()) await dismiss(worker, ways[k]);
  }, 60_000);

  test('of a worker that is killed, twice, with work in hand nothing is lost and nothing doubled', async () => {
    let victim = await work();
    const others = await Promise.all([work(), work()]);
    const done = sweep('killed', '--queue', server.url);
    let over = false;
    void done.finally(() => (over = true));
    for (let life = 1; life <= 2; life++) {
      const inHand = async (): Promise<boolean> =>
        (await queue.getActive()).some((job) => job?.processedBy?.endsWith(`:${victim.pid}`));
      while (!(await inHand()) || childrenOf(victim.pid).length === 0) {
        expect(over).toBe(false);
        await sleep(10);
      }
      const lanes = childrenOf(victim.pid);
      victim.child.kill('SIGKILL');
      await ended(victim.child);
      while (lanes.some(runs)) await sleep(50);
      victim = await work();
    }
    const { code, stderr } = await done;
    expect([code, stderr]).toEqual([1, '']);
    const { cases, judged, matrix, complete } = JSON.parse(report('killed')) as SweepReport;
    expect([judged, complete, matrix.reduce((sum, row) => sum + row.cases, 0)]).toEqual([cases, true, cases]);
    expect(withoutSeconds(report('killed'))).toBe(single);
    for (const worker of [victim, ...others]) await dismiss(worker);
  }, 120_000);

  test('a sweep that nobody works for ends at Ctrl-C, with a report, and takes its messages back', async () => {
    const child = spawn(
      process.execPath,
      [main, ...small, '--queue', server.url, '--report', 'alone.json', '--journal', 'alone.jsonl'],
      { cwd, stdio: 'ignore', env: { ...process.env, NODE_OPTIONS: '' } },
    );
    started.push(child);
    while ((await queue.getWaitingCount()) === 0) await sleep(20);
    child.kill('SIGINT');
    expect(await ended(child)).toBe(130);
    expect(JSON.parse(report('alone'))).toMatchObject({ complete: false, judged: 0 });
    expect(await queue.getWaitingCount()).toBe(0);
  });

  test.each<[string, () => string, number, RegExp]>([
    ['a wrong password', () => server.url.replace(PASSWORD, 'secret'), 3, /WRONGPASS/],
    ['no password', () => `redis://127.0.0.1:${server.port}`, 3, /NOAUTH/],
    ['nobody listening', () => 'redis://:secret@127.0.0.1:1', 3, /ECONNREFUSED/],
    ['no address of Redis', () => 'http://:secret@127.0.0.1', 2, /must be redis:\/\/host:port/],
    ['no address at all', () => 'me:secret@127.0.0.1:1', 2, /must be redis:\/\/host:port/],
    ['a password that can’t be read', () => 'redis://:%zzsecret@127.0.0.1:1', 2, /must be redis/],
  ])('%s: one sentence that keeps the password to itself', async (_what, url, wanted, message) => {
    for (const outcome of [
      await gradparity(['worker', '--queue', url()], { cwd }),
      await sweep('never', '--queue', url()),
    ]) {
      expect(outcome.stderr).toMatch(message);
      expect(outcome.stderr).not.toMatch(/secret|open-sesame|\.\.|\n./);
      expect([outcome.code, outcome.stdout]).toEqual([wanted, '']);
    }
  });

  test('a worker without a queue is told to name one; one without work ends by itself', async () => {
    const nowhere = await gradparity(['worker'], { cwd });
    expect([nowhere.code, nowhere.stderr]).toEqual([2, expect.stringMatching(/name the queue with --queue/)]);
    const idle = await gradparity(['worker', '--queue', server.url, '--idle', '0.1'], { cwd });
    expect([idle.code, idle.stderr]).toEqual([0, expect.stringMatching(/Done: 0 messages\.\n$/)]);
  });

  test('messages that are garbage, of other cases or beyond the last are refused, and the worker works on', async () => {
    const worker = await work();
    const refusal = async (data: unknown): Promise<string | undefined> => {
      const { id } = await queue.add('judge', data);
      for (;;) {
        const job = await queue.getJob(present(id));
        if (await present(job).isFailed()) {
          const { failedReason } = present(await queue.getJob(present(id)));
          await present(job).remove();
          return failedReason;
        }
        await sleep(20);
      }
    };
    const notThisVersion =
      /^the message is not one of this version's \([^\n]+\)\. Give both ends the same gradparity\.$/;
    expect(await refusal('garbage')).toMatch(notThisVersion);
    expect(await refusal({ ...request, code: 'process.exit()' })).toMatch(notThisVersion);
    expect(await refusal(request)).toMatch(/^its cases are others: [^\n]+\.$/);
    expect(await refusal({ ...request, indices: [999_999] })).toMatch(/^its cases are others/);
    const { code } = await sweep('after', '--queue', server.url);
    expect([code, withoutSeconds(report('after'))]).toEqual([1, single]);
    await dismiss(worker);
  }, 60_000);

  (has('openssl', 'version') ? test : test.skip)(
    'through TLS, with an authority of one’s own; without it not',
    async () => {
      const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(cwd, name)) as [string, string];
      execFileSync(
        'openssl',
        [
          ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-days', '2'],
          ...['-subj', '/CN=gradparity test', '-addext', 'subjectAltName=IP:127.0.0.1'],
        ],
        { stdio: 'ignore' },
      );
      const secure = await startRedis(path.join(cwd, 'redis-tls'), 'rediss', (port) => [
        ...['--port', '0', '--tls-port', String(port), '--tls-cert-file', cert, '--tls-key-file', key],
        ...['--tls-ca-cert-file', cert, '--tls-auth-clients', 'no'],
      ]);
      try {
        const env = { NODE_EXTRA_CA_CERTS: cert };
        const worker = await work(secure.url, env);
        const args = [...small, '--queue', secure.url, '--report', 'tls.json', '--journal', 'tls.jsonl'];
        expect((await gradparity(args, { cwd, env })).code).toBe(1);
        expect(withoutSeconds(report('tls'))).toBe(single);
        await dismiss(worker);
        const stranger = await gradparity(args, { cwd });
        expect([stranger.code, stranger.stderr]).toEqual([
          3,
          expect.stringMatching(/self-signed certificate/),
        ]);
      } finally {
        await secure.stop();
      }
    },
    60_000,
  );
});
