/** The two functions of node:util that tfjs-node calls: Node 22 warns about them, and Node 23 does not have them any more. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { writeFileWhole } from '../files/write.js';

const replacements: [RegExp, string][] = [
  [
    /\(0, util_\d+\.isNullOrUndefined\)\(/g,
    '(function (value) { return value === null || value === undefined; })(',
  ],
  [/\(0, util_\d+\.isArray\)\(/g, '(0, Array.isArray)('],
];

/** Replaces the calls in an installed tfjs-node, whose folder is given. Returns the files that were changed: none the second time. */
export async function replaceRemovedFunctions(folder: string): Promise<string[]> {
  const dist = path.join(folder, 'dist');
  const changed: string[] = [];
  for (const name of (await readdir(dist, { recursive: true })).filter((each) => each.endsWith('.js'))) {
    const file = path.join(dist, name);
    const text = await readFile(file, 'utf8');
    const now = replacements.reduce((all, [call, by]) => all.replace(call, by), text);
    if (now === text) continue;
    await writeFileWhole(file, now);
    changed.push(file);
  }
  return changed;
}
