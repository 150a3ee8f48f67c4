/** Events for TensorBoard, byte by byte. Oracles: RFC 3720's checksums, and records that TensorFlow wrote. test/cli/watching.long.test.ts asks TensorBoard itself. */
import { describe, expect, test } from '@jest/globals';
import { crc32c, scalarRecord, startRecord, versionRecord } from '../../src/training/event-file.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test.each([
  ['32 bytes of 0', new Uint8Array(32), 0x8a9136aa],
  ['32 bytes of 255', new Uint8Array(32).fill(255), 0x62a8ab43],
  ['0 to 31', Uint8Array.from({ length: 32 }, (_, k) => k), 0x46dd794e],
  ['"123456789"', new TextEncoder().encode('123456789'), 0xe3069283],
  ['nothing', new Uint8Array(0), 0],
] as const)('CRC-32C of %s', (_what, bytes, sum) => {
  expect(crc32c(bytes)).toBe(sum);
});

describe('records', () => {
  test('the message has its fields one after the other, in a frame of its length', () => {
    // 09 wall_time = 1.5; 10 step = 300; 2a summary { 0a value { 0a tag "a", 15 simple_value = 1 } }
    const message = '09000000000000f83f10ac022a0a0a080a016115000080' + '3f';
    const record = hex(scalarRecord(1.5, 300, { a: 1 }));
    expect(record.slice(24, -8)).toBe(message);
    expect(record.slice(0, 16)).toBe('1800000000000000');
    expect(message.length / 2).toBe(0x18);
  });

  test('a step beyond 2³¹ keeps its digits', () => {
    expect(hex(scalarRecord(0, 2 ** 40, {}))).toContain('10808080808020');
  });

  test('the first record names the version, that of a start its status', () => {
    expect(Buffer.from(versionRecord(0)).toString('latin1')).toContain('brain.Event:2');
    expect(hex(startRecord(0, 7)).slice(24, -8)).toBe('09000000000000000010073a020801');
  });
});
