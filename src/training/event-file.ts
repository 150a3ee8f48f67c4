/** Scalars as TensorBoard reads them: `tensorflow.Event` messages as protocol buffers, each in a TFRecord. Needs no backend. */

/** The first record of a file. */
export const versionRecord = (wallTime: number): Uint8Array =>
  record(event(wallTime, 0, field(3, text('brain.Event:2'))));

/** Says that a run goes on from `step`: TensorBoard drops what an earlier file has from this step on. */
export const startRecord = (wallTime: number, step: number): Uint8Array =>
  record(event(wallTime, step, field(7, concat([varint((1 << 3) | 0), varint(1)]))));

/** A step's numbers by their tags, float32; `wallTime` in seconds since 1970. */
export function scalarRecord(
  wallTime: number,
  step: number,
  values: Readonly<Record<string, number>>,
): Uint8Array {
  const summary = Object.entries(values).map(([tag, value]) =>
    field(1, concat([field(1, text(tag)), varint((2 << 3) | 5), float32(value)])),
  );
  return record(event(wallTime, step, field(5, concat(summary))));
}

/** wall_time = 1 (double), step = 2 (int64), and what the event is of. */
const event = (wallTime: number, step: number, what: Uint8Array): Uint8Array =>
  concat([varint((1 << 3) | 1), float64(wallTime), varint((2 << 3) | 0), varint(step), what]);

/** Length, its checksum, the message, its checksum. Source: TensorFlow, tsl/lib/io/record_writer.h. */
function record(message: Uint8Array): Uint8Array {
  const length = new Uint8Array(8);
  new DataView(length.buffer).setUint32(0, message.length, true);
  return concat([length, maskedChecksum(length), message, maskedChecksum(message)]);
}

// ---- protocol buffers ----

/** A field of wire type 2: its number, its length, its bytes. */
const field = (number: number, bytes: Uint8Array): Uint8Array =>
  concat([varint((number << 3) | 2), varint(bytes.length), bytes]);

/** A whole number of at least 0, seven bits a byte, the lowest first. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function float32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return bytes;
}

function float64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return bytes;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

// ---- the checksum ----

/** CRC-32C of each byte, for Castagnoli's polynomial, its bits turned round. */
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0x82f63b78 : rest >>> 1;
  return rest;
});

/** The CRC-32C of the bytes. Source: RFC 3720, appendix B.4. */
export function crc32c(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = table[(sum ^ byte) & 0xff] ^ (sum >>> 8);
  return (sum ^ 0xffffffff) >>> 0;
}

/** Turned and moved, as TFRecords have it, so that a checksum of checksums is none by chance. */
function maskedChecksum(bytes: Uint8Array): Uint8Array {
  const sum = crc32c(bytes);
  const masked = new Uint8Array(4);
  new DataView(masked.buffer).setUint32(0, ((sum >>> 15) | (sum << 17)) + 0xa282ead8, true);
  return masked;
}
