/**
 * `npm run fuzz`: hands damaged and made-up inputs to everything that reads one (files, the command line, the queue), and counts what came of them. Each must be read or
 * refused with an InputError of one sentence or two, within a time and a memory bound; what a changed byte leaves readable and is
 * protected by a checksum must be refused. Prints a table; the exit code is 1 where one was not.
 *
 *     npm run fuzz -- --inputs 20000 --seed 1 --only checkpoint
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import jpeg from 'jpeg-js';
import { encode } from 'fast-png';
import Table from 'cli-table3';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { optionsOf } from './options.mjs';
import { setup } from './setup.mjs';

const { values: options } = optionsOf('fuzz', {
  inputs: { type: 'string', default: '20000' },
  seed: { type: 'string', default: '1' },
  only: { type: 'string' },
});
await setup();
const from = (name) => import(new URL(`../dist/${name}.js`, import.meta.url).href);
const [
  { generatorFrom },
  idx,
  gzip,
  csv,
  images,
  digits,
  checkpoints,
  models,
  settings,
  node,
  tf,
  line,
  cli,
  queue,
] = await Promise.all([
  from('random'),
  from('data/idx'),
  from('data/gzip'),
  from('data/csv'),
  from('data/images'),
  from('data/digits'),
  from('models/checkpoints'),
  from('models/files'),
  from('cli/settings'),
  from('node'),
  import('@tensorflow/tfjs'),
  from('cli/command-line'),
  from('cli/commands/index'),
  from('sweep/run/queue/messages'),
]);
const { Mlp, train } = await from('index');
await node.selectBackend('cpu');

const generator = generatorFrom(Number(options.seed));
const random = (n) => (generator.next() >>> 0) % n;
/** What numbers in a file are changed to: the ends of every size of integer among them. */
const EDGES = [0, 1, 0x7f, 0x80, 0xff];

/** The bytes with a few of the changes that disks, networks and people make. */
function damaged(bytes) {
  let out = Uint8Array.from(bytes);
  for (let change = random(4); change >= 0; change--) {
    const at = random(Math.max(1, out.length));
    switch (random(7)) {
      case 0:
        out = out.slice(0, at);
        break;
      case 1:
        out[at] ^= 1 << random(8);
        break;
      case 2:
        out.fill(EDGES[random(EDGES.length)], at, at + 1 + random(8));
        break;
      case 3:
        out = Uint8Array.from([
          ...out.subarray(0, at),
          ...Array.from({ length: random(20) }, () => random(256)),
          ...out.subarray(at),
        ]);
        break;
      case 4: {
        const length = random(64);
        out = Uint8Array.from([...out.subarray(0, at), ...out.subarray(at + length)]);
        break;
      }
      case 5: {
        const other = random(Math.max(1, out.length));
        out.copyWithin(at, other, other + random(64));
        break;
      }
      default:
        out = Uint8Array.from({ length: random(200) }, () => random(256));
    }
  }
  return out;
}

/** What people and programs put where a number, a name or a list was meant. */
const ODD = [
  ...[
    null,
    true,
    false,
    0,
    -1,
    0.5,
    1e9,
    2 ** 53,
    -(2 ** 31),
    '',
    ' ',
    '0',
    'NaN',
    'Infinity',
    '1e999',
    '0x10',
    '-5',
    '1,2',
    '2/1',
  ],
  ...[
    'auto',
    'cpu',
    'relu',
    'digits',
    '..',
    '/dev/null',
    '\u0000',
    '\u202e',
    '写',
    'a'.repeat(5000),
    '--',
    '-',
    '=',
    '__proto__',
  ],
  ...[[], [1, 'a'], {}, { a: 1 }, [[[]]]],
];
const ODD_WORDS = ODD.filter((each) => typeof each === 'string').map((word) => word.replaceAll('\0', ''));
const pick = (list) => list[random(list.length)];

/** The value as JSON, with a few of its parts changed, taken away or added. */
function damagedJson(value) {
  const copy = structuredClone(value);
  for (let change = random(3); change >= 0; change--) {
    let at = copy;
    while (random(2) === 0) {
      const within = Object.values(at).filter((each) => typeof each === 'object' && each !== null);
      if (within.length === 0) break;
      at = pick(within);
    }
    const keys = Object.keys(at);
    const key = keys.length > 0 ? pick(keys) : 'a';
    if (random(4) === 0) Reflect.deleteProperty(at, key);
    else if (random(4) === 0) at[pick(['more', 'constructor', 'code'])] = structuredClone(pick(ODD));
    else at[key] = structuredClone(pick(ODD));
  }
  return text(JSON.stringify(copy));
}

/** Words as somebody types them who has misread the help. */
function madeUpWords() {
  const command = pick(cli.commands);
  const names = Object.keys(cli.optionsOf(random(5) === 0 ? pick(cli.commands) : command));
  const words = [random(20) === 0 ? pick(ODD_WORDS) : String(command.command).split(' ')[0]];
  for (let option = random(4); option > 0; option--) {
    const name =
      random(15) === 0 ? pick(['no-such', 'constructor', '__proto__.a', 'steps.more']) : pick(names);
    const value = random(2) === 0 ? pick(ODD_WORDS) : String(random(3000));
    const form = random(6);
    if (form === 0) words.push(`--${name}=${value}`);
    else if (form === 1) words.push(`--no-${name}`);
    else if (form === 2) words.push(`--${name}`);
    else words.push(`--${name}`, value);
  }
  if (random(6) === 0) words.push(pick(ODD_WORDS));
  return words;
}

// ---- what is read, and good inputs for it ----

const network = new Mlp({ sizes: [16, 5, 3], weightInitStd: 0.5, seed: 1 });
const data = {
  x: tf.randomUniform([40, 16], 0, 1, 'float32', 1),
  t: tf.tensor1d(
    Array.from({ length: 40 }, (_, n) => n % 3),
    'int32',
  ),
};
let checkpoint;
await train(network, data, {
  steps: 6,
  batchSize: 10,
  checkpointEvery: 3,
  onCheckpoint: (each) => (checkpoint = each),
});
const folder = mkdtempSync(path.join(os.tmpdir(), 'fuzz-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
await node.saveModel(network, folder);
const modelJson = readFileSync(path.join(folder, 'model.json'));
const weights = readFileSync(path.join(folder, 'weights.bin'));
const restore = () => {
  writeFileSync(path.join(folder, 'model.json'), modelJson);
  writeFileSync(path.join(folder, 'weights.bin'), weights);
};
const idxFile = Uint8Array.from([
  0,
  0,
  8,
  3,
  0,
  0,
  0,
  4,
  0,
  0,
  0,
  5,
  0,
  0,
  0,
  5,
  ...Array.from({ length: 100 }, (_, k) => k),
]);
const picture = {
  width: 20,
  height: 24,
  data: new Uint8Array(20 * 24 * 3).map((_, k) => (k % 20 < 6 ? 0 : 200 + (k % 40))),
  channels: 3,
  depth: 8,
};
const decoders = await images.loadDecoders('fuzz');
const form = { rows: 28, columns: 28, preparation: 'digit' };
const read = (bytes) => digits.toInputs(images.decodeImage(bytes, 'the image', decoders), form, 'the image');
const rgba = {
  width: 20,
  height: 24,
  data: new Uint8Array(20 * 24 * 4).map((_, k) => (k % 4 === 3 ? 255 : (k * 7) % 256)),
};
const text = (value) => new TextEncoder().encode(value);
const config = { steps: 100, hidden: [50, 20], learningRate: 0.1, json: true, activation: 'relu' };
const known = new Set(['steps', 'hidden', 'learning-rate', 'json', 'activation']);
const sameModel = (loaded) => {
  const expected = Object.values(network.parameters).flatMap((each) => [...each.dataSync()]);
  const got = Object.values(loaded.parameters).flatMap((each) => [...each.dataSync()]);
  loaded.dispose();
  return expected.length !== got.length || got.some((value) => !Number.isFinite(value));
};

const REQUEST = {
  schemaVersion: 1,
  run: '5ba25ab5-5a2c-4a5d-8f0e-6d2ac1ddb0a1',
  seed: 1,
  backends: ['cpu', 'wasm'],
  digest: 5,
  limits: { timeLimit: 10, memoryLimit: 3072 },
};
const result = {
  index: 1,
  hits: [],
  backends: { cpu: 'right' },
  formula: 'right',
  second: 'right',
  outputShape: [2],
};
const MESSAGES = [
  { ...REQUEST, kind: 'judge', indices: [1, 2] },
  { ...REQUEST, kind: 'explain', index: 3, hit: 'a/b' },
  { kind: 'judge', results: [result], versions: { libtensorflow: '2.15.1' } },
];

/** As the worker and the coordinator take it. A request that passes has nothing in it but what was asked for. */
function readMessage(bytes) {
  let message;
  try {
    message = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    refuse(error);
  }
  const schema = 'results' in message ? queue.answerSchema : queue.requestSchema;
  const { success, data, error } = schema.safeParse(message);
  if (!success) refuse(new Error(error.issues[0].message));
  if (schema === queue.answerSchema) return false;
  const indices = data.indices ?? [data.index];
  const isWithin = indices.every((index) => Number.isInteger(index) && index >= 0 && index <= 1e6);
  return (
    !isWithin || JSON.stringify(Object.keys(data).sort()) !== JSON.stringify(Object.keys(message).sort())
  );
}

const ajv = new Ajv2020({ strict: false });
const validators = new Map();
/** As the command line reads its words, up to the command; an option's value that gets there must be one that its schema has. */
async function readWords(bytes) {
  let isWrong = false;
  const say = console.log;
  console.log = () => {};
  try {
    await line.runCommandLine(JSON.parse(new TextDecoder().decode(bytes)), (command, values) => {
      for (const [name, { schema, choices, type }] of Object.entries(cli.optionsOf(command))) {
        const wanted =
          schema ?? (choices ? { enum: choices } : type === 'boolean' ? { type } : { minLength: 1 });
        if (values[name] === undefined) continue;
        const key = JSON.stringify(wanted);
        if (!validators.has(key)) validators.set(key, ajv.compile(wanted));
        if (!validators.get(key)(values[name])) isWrong = true;
      }
    });
  } finally {
    console.log = say;
  }
  return isWrong || {}.a !== undefined;
}

/** Each: a good input, what reads it, and whether an answer to a damaged one may only be the good one's. */
const targets = {
  idx: { good: idxFile, read: (bytes) => idx.parseIdx(bytes, { name: 'the file' }) },
  'idx.gz': {
    good: gzipSync(idxFile),
    // The reader's reason is the end of a sentence that its caller makes.
    read: async (bytes) => idx.parseIdx(await gzip.uncompressed(bytes).catch(refuse), { name: 'the file' }),
  },
  csv: {
    good: text('label,a,b\n1,0.5,2\n"x, y",3,4\r\n0,-1e3,5\n'),
    read: (bytes) => csv.parseCsv(bytes, 'the file'),
  },
  png: { good: encode(picture), read },
  jpeg: { good: jpeg.encode(rgba, 80).data, read },
  checkpoint: {
    good: checkpoints.encodeCheckpoint(checkpoint),
    read: (bytes) => checkpoints.decodeCheckpoint(bytes, 'the file'),
    isProtected: true,
  },
  'model.json': {
    good: modelJson,
    read: async (bytes) => {
      restore();
      writeFileSync(path.join(folder, 'model.json'), bytes);
      const loaded = await models.loadModel(folder);
      loaded.dispose();
    },
    share: 0.2,
  },
  weights: {
    good: weights,
    read: async (bytes) => {
      restore();
      writeFileSync(path.join(folder, 'weights.bin'), bytes);
      return sameModel(await models.loadModel(folder));
    },
    isProtected: true,
    share: 0.3,
  },
  arguments: {
    make: () => text(JSON.stringify(madeUpWords())),
    good: text(JSON.stringify(['train', '--steps', '5', '--hidden', '5,4', '--activation', 'relu'])),
    read: readWords,
    share: 0.3,
  },
  queue: {
    make: () => damagedJson(pick(MESSAGES)),
    good: text(JSON.stringify({ ...REQUEST, kind: 'judge', indices: [1, 2] })),
    read: readMessage,
  },
  config: {
    good: text(JSON.stringify(config)),
    read: (bytes) => {
      const file = path.join(folder, 'config.json');
      writeFileSync(file, bytes);
      settings.fileSettings(file, known);
    },
  },
};

class InputLike extends Error {
  name = 'InputError';
}
function refuse(error) {
  throw new InputLike(`the file: ${error.message}.`);
}

/** Milliseconds for an input: a hang has no end, and this machine may be busy. */
const MOST_TIME = 5000;
/** Bytes by which the process may grow over all inputs. */
const MOST_MEMORY = 600e6;

const rows = [];
const wrong = [];
const total = Number(options.inputs);
const names = Object.keys(targets).filter((name) => options.only === undefined || name === options.only);
const shares = names.reduce((sum, name) => sum + (targets[name].share ?? 1), 0);
for (const name of names) {
  const { good, make = () => damaged(good), read: reader, isProtected = false, share = 1 } = targets[name];
  await reader(good);
  const count = Math.ceil((total * share) / shares);
  const before = process.memoryUsage().rss;
  const tensors = tf.memory().numTensors;
  const tally = { read: 0, refused: 0, bad: 0, slowest: 0 };
  for (let k = 0; k < count; k++) {
    const bytes = make();
    const isSame = Buffer.from(bytes).equals(Buffer.from(good));
    const began = performance.now();
    let problem;
    try {
      const isWrong = await reader(bytes);
      tally.read++;
      if (isWrong === true && !isProtected) problem = 'a wrong input was taken for a right one';
      if (isProtected && !isSame) problem = 'a changed file was taken for the right one';
    } catch (error) {
      tally.refused++;
      if (error.name !== 'InputError') problem = `${error.name}: ${error.message}`;
      else if (/\n {4}at |\[object |properties of undefined/.test(error.message))
        problem = `unclear: ${error.message}`;
      else if (error.message.length > 2000) problem = `long: ${error.message.length} characters`;
    }
    const took = performance.now() - began;
    tally.slowest = Math.max(tally.slowest, took);
    if (took > MOST_TIME) problem ??= `took ${took.toFixed(0)} ms`;
    if (tf.memory().numTensors !== tensors) problem ??= 'left tensors behind';
    if (problem) {
      tally.bad++;
      if (wrong.length < 20)
        wrong.push(`${name}: ${problem}\n  ${Buffer.from(bytes.subarray(0, 300)).toString('base64')}`);
      if (problem === 'left tensors behind') break;
    }
  }
  const grown = process.memoryUsage().rss - before;
  if (grown > MOST_MEMORY) wrong.push(`${name}: the process grew by ${(grown / 1e6).toFixed(0)} MB`);
  rows.push([
    name,
    count,
    tally.read,
    tally.refused,
    tally.bad,
    `${tally.slowest.toFixed(0)} ms`,
    `${(Math.max(0, grown) / 1e6).toFixed(0)} MB`,
  ]);
}
const table = new Table({
  head: ['input', 'inputs', 'read', 'refused', 'wrong', 'slowest', 'memory'],
  style: { head: [], border: [], compact: true },
  colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'right'],
});
table.push(...rows);
console.log(table.toString());
console.log(
  `${rows.reduce((sum, row) => sum + row[1], 0)} inputs, seed ${options.seed}: ${wrong.length} wrong.`,
);
for (const each of wrong) console.log(each);
process.exitCode = wrong.length > 0 ? 1 : 0;
