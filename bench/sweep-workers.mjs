/**
 * A sweep through the queue by 1, 2 and 4 workers of one job each, over the same ops on a Redis server of its own: seconds from the
 * sweep's start to its end, the workers being there already, and how much faster more of them are. Needs redis-server.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { optionsOf } from '../scripts/options.mjs';

const { values: options } = optionsOf('bench sweep-workers', {
  ops: { type: 'string', default: 'cum' },
  backends: { type: 'string', default: 'cpu' },
  workers: { type: 'string', default: '1,2,4' },
  repeats: { type: 'string', default: '3' },
  json: { type: 'boolean', default: false },
});
const PASSWORD = 'benchmark';
const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const folder = mkdtempSync(path.join(os.tmpdir(), 'gradparity-bench-'));
const children = [];

if (spawnSync('redis-server', ['--version']).status !== 0) {
  console.error('sweep-workers: there is no redis-server. Install Redis.');
  process.exit(3);
}
let result;
try {
  const url = await redis();
  const rows = [];
  for (const count of options.workers.split(',').map(Number)) rows.push(await measure(url, count));
  for (const row of rows) row.speedUp = rows[0].seconds / row.seconds;
  result = {
    schemaVersion: 1,
    benchmark: 'sweep-workers',
    machine: `${os.cpus().length} × ${os.cpus()[0].model}, Node ${process.version}`,
    cores: os.availableParallelism(),
    ops: options.ops,
    backends: options.backends,
    cases: rows[0].cases,
    rows,
  };
} finally {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}
if (options.json) console.log(JSON.stringify(result, null, 2));
else print();

function start(command, args, stdio) {
  const child = spawn(command, args, { cwd: folder, stdio });
  children.push(child);
  return child;
}

/** Until the process has said so. */
async function said(stream, words) {
  let text = '';
  for await (const part of stream.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    text += part;
    if (text.includes(words)) {
      stream.resume();
      return;
    }
  }
  throw new Error(`It has ended: ${text.trim()}`);
}

async function redis() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  const child = start(
    'redis-server',
    [
      ...['--port', String(port), '--bind', '127.0.0.1', '--requirepass', PASSWORD],
      ...['--save', '', '--appendonly', 'no', '--dir', folder],
    ],
    ['ignore', 'pipe', 'inherit'],
  );
  await said(child.stdout, 'Ready to accept connections');
  return `redis://:${PASSWORD}@127.0.0.1:${port}`;
}

async function measure(url, count) {
  console.error(`${count} worker${count === 1 ? '' : 's'} …`);
  const workers = Array.from({ length: count }, () =>
    start(process.execPath, [main, 'worker', '--queue', url, '--jobs', '1'], ['ignore', 'ignore', 'pipe']),
  );
  await Promise.all(workers.map(({ stderr }) => said(stderr, 'Working for')));
  // The first run, in which each worker loads TensorFlow.js and makes the cases, does not count.
  await sweep(url);
  const runs = [];
  for (let i = 0; i < Number(options.repeats); i++) runs.push(await sweep(url));
  for (const worker of workers) worker.kill('SIGTERM');
  await Promise.all(workers.map((worker) => worker.exitCode ?? once(worker, 'exit')));
  runs.sort((a, b) => a.seconds - b.seconds);
  const { cases, seconds } = runs[runs.length >> 1];
  return { workers: count, cases, seconds, fastest: runs[0].seconds, slowest: runs.at(-1).seconds };
}

async function sweep(url) {
  const report = path.join(folder, 'report.json');
  const child = start(
    process.execPath,
    [
      ...[main, 'sweep', '--queue', url, '--ops', options.ops, '--backends', options.backends],
      ...['--report', report, '--journal', path.join(folder, 'journal.jsonl')],
    ],
    ['ignore', 'ignore', 'inherit'],
  );
  const [code] = await once(child, 'exit');
  if (code > 1) throw new Error(`The sweep ended with ${code}.`);
  return JSON.parse(readFileSync(report, 'utf8'));
}

function print() {
  const { cases, cores, machine, rows } = result;
  console.log(
    `${cases} cases (--ops ${options.ops}) on ${options.backends}, median of ${options.repeats} runs; ${cores} cores: ${machine}.`,
  );
  const table = new Table({
    head: ['workers', 'median s', 'fastest', 'slowest', 'speed-up'],
    style: { head: [], border: [], compact: true },
    colAligns: Array(5).fill('right'),
  });
  for (const { workers, seconds, fastest, slowest, speedUp } of rows) {
    table.push([
      workers,
      ...[seconds, fastest, slowest].map((value) => value.toFixed(2)),
      `${speedUp.toFixed(2)}×`,
    ]);
  }
  console.log(table.toString());
}
