/** This package's package.json. */
import { readFileSync } from 'node:fs';

interface Manifest {
  version: string;
  engines: { node: string };
}

export function manifest(): Manifest {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as Manifest;
}
