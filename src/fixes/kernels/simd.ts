/**
 * Limits, maxima and minima in wasm's memory that keep NaN, four numbers at a time.
 *
 * TensorFlow.js' own forget NaN, and to look for one in JavaScript first takes several times as long as the kernel itself. So this is a
 * WebAssembly module of its own on the memory of the wasm backend, put together here instruction by instruction. Where `a < b ? b : a` has
 * a NaN for a, the comparison is false and a stays; a NaN for b is put in its place by a second choice.
 */

/** What the module offers. Offsets are in bytes, `count` in numbers of 4 bytes. */
export interface Simd {
  /**
   * `to[i] = min(max(from[i], low), high) + zero`, or NaN where from[i] is; low ≤ high are no NaN. With 0 for zero a -0 becomes 0, with -0
   * it stays.
   */
  clamp(from: number, to: number, count: number, low: number, high: number, zero: number): void;
  /** `to[i] = max(a[i], b[i])`, or NaN where one of both is. */
  maximum(a: number, b: number, to: number, count: number): void;
  /** `to[i] = min(a[i], b[i])`, or NaN where one of both is. */
  minimum(a: number, b: number, to: number, count: number): void;
  /** 1 where there is a NaN among the numbers, else 0. */
  anyNaN(from: number, count: number): number;
}

type Bytes = readonly number[];

/** Whole numbers of WebAssembly's binary format, LEB128. */
function unsigned(value: number): Bytes {
  const bytes: number[] = [];
  for (let rest = value; ;) {
    const low = rest & 127;
    rest >>>= 7;
    if (rest === 0) return [...bytes, low];
    bytes.push(low | 128);
  }
}
const list = (items: readonly Bytes[]): Bytes => [...unsigned(items.length), ...items.flat()];
const section = (id: number, body: Bytes): Bytes => [id, ...unsigned(body.length), ...body];
const name = (text: string): Bytes => [text.length, ...Array.from(text, (letter) => letter.charCodeAt(0))];

const [I32, F32, V128, VOID] = [0x7f, 0x7d, 0x7b, 0x40];
const [BLOCK, LOOP, END, BRANCH, BRANCH_IF] = [0x02, 0x03, 0x0b, 0x0c, 0x0d];
const [LESS, ADD] = [0x48, 0x6a];
const get = (local: number): Bytes => [0x20, local];
const set = (local: number): Bytes => [0x21, local];
/** From -8192 to 8191. */
const whole = (value: number): Bytes => [0x41, (value & 127) | 128, (value >> 7) & 127];
const simd = (operation: number): Bytes => [0xfd, ...unsigned(operation)];
const [SPLAT, NOT_EQUAL, OR, CHOOSE, ANY, SUM, PSEUDO_MIN, PSEUDO_MAX] = [
  0x13, 0x42, 0x50, 0x52, 0x53, 0xe4, 0xea, 0xeb,
].map(simd);

/** How a step of a loop reads and writes, at an offset from its pointers: a vector of four numbers, or the first number of one. */
interface Step {
  /** How many vectors it takes. Several are faster than one. */
  vectors: number;
  /** How many numbers that is. */
  numbers: number;
  load: (vector: number) => Bytes;
  store: (vector: number) => Bytes;
}
const STEPS: readonly Step[] = [
  {
    vectors: 4,
    numbers: 16,
    load: (vector) => [...simd(0x00), 2, 16 * vector],
    store: (vector) => [...simd(0x0b), 2, 16 * vector],
  },
  { vectors: 1, numbers: 1, load: () => [...simd(0x5c), 2, 0], store: () => [...simd(0x5a), 2, 0, 0] },
];

/** The body of a function that goes along the memory in steps of four vectors, and then of one number. `begin` comes first. */
function along(
  locals: Bytes,
  pointers: readonly number[],
  count: number,
  step: (load: Bytes, store: Bytes) => Bytes,
  { begin = [], result = [] }: { begin?: Bytes; result?: Bytes } = {},
): Bytes {
  const loops = STEPS.flatMap((each) => [
    BLOCK,
    VOID,
    LOOP,
    VOID,
    ...get(count),
    ...whole(each.numbers),
    LESS,
    BRANCH_IF,
    1,
    ...Array.from({ length: each.vectors }, (_, i) => step(each.load(i), each.store(i))).flat(),
    ...pointers.flatMap((pointer) => [...get(pointer), ...whole(4 * each.numbers), ADD, ...set(pointer)]),
    ...get(count),
    ...whole(-each.numbers),
    ADD,
    ...set(count),
    BRANCH,
    0,
    END,
    END,
  ]);
  const body = [...list(locals.map((type) => [1, type])), ...begin, ...loops, ...result, END];
  return [...unsigned(body.length), ...body];
}

/** `x < low ? low : x` and `high < x ? high : x`, which keep NaN, `+ zero`. */
const clamp = along(
  [V128, V128, V128],
  [0, 1],
  2,
  (load, store) => [
    ...[...get(1), ...get(0), ...load, ...get(6), ...PSEUDO_MAX],
    ...[...get(7), ...PSEUDO_MIN, ...get(8), ...SUM],
    ...store,
  ],
  { begin: [3, 4, 5].flatMap((limit) => [...get(limit), ...SPLAT, ...set(limit + 3)]) },
);

/** `b` where it is NaN, else `a < b ? b : a`, or `b < a ? b : a`. */
const extreme = (choose: Bytes): Bytes =>
  along([V128, V128], [0, 1, 2], 3, (load, store) => [
    ...[...get(2), ...get(0), ...load, ...set(4), ...get(1), ...load, ...set(5)],
    ...[...get(5), ...get(4), ...get(5), ...choose, ...get(5), ...get(5), ...NOT_EQUAL, ...CHOOSE],
    ...store,
  ]);

/** Whether some x ≠ x. */
const anyNaN = along(
  [V128, V128],
  [0],
  1,
  (load) => [...get(0), ...load, ...set(3), ...get(3), ...get(3), ...NOT_EQUAL, ...get(2), ...OR, ...set(2)],
  { result: [...get(2), ...ANY] },
);

/** Pages of 64 kB that 4 GiB have, which no memory is larger than. */
const MOST_PAGES = 65536;

function moduleFor(isShared: boolean): Uint8Array<ArrayBuffer> {
  const memory = isShared ? [3, 0, ...unsigned(MOST_PAGES)] : [0, 0];
  const type = (parameters: Bytes, results: Bytes): Bytes => [
    0x60,
    ...list(parameters.map((each) => [each])),
    ...list(results.map((each) => [each])),
  ];
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(
      1,
      list([
        type([I32, I32, I32, F32, F32, F32], []),
        type([I32, I32, I32, I32], []),
        type([I32, I32], [I32]),
      ]),
    ),
    ...section(2, list([[...name('js'), ...name('memory'), 2, ...memory]])),
    ...section(3, list([[0], [1], [1], [2]])),
    ...section(
      7,
      list(['clamp', 'maximum', 'minimum', 'anyNaN'].map((each, index) => [...name(each), 0, index])),
    ),
    ...section(10, list([clamp, extreme(PSEUDO_MAX), extreme(PSEUDO_MIN), anyNaN])),
  ]);
}

const made = new WeakMap<WebAssembly.Memory, Simd | null>();

/** The module on a memory, or null where the machine does not have vectors of four numbers. */
export function simdOn(memory: WebAssembly.Memory): Simd | null {
  const known = made.get(memory);
  if (known !== undefined) return known;
  let simdOfMemory: Simd | null = null;
  try {
    const isShared = typeof SharedArrayBuffer !== 'undefined' && memory.buffer instanceof SharedArrayBuffer;
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(moduleFor(isShared)), {
      js: { memory },
    });
    simdOfMemory = exports as unknown as Simd;
  } catch {
    // An old browser, or one that is told not to compile: there is another, slower way.
  }
  made.set(memory, simdOfMemory);
  return simdOfMemory;
}
