import type { parseArgs, ParseArgsConfig } from 'node:util';

type Options = NonNullable<ParseArgsConfig['options']>;

export function optionsOf<T extends Options>(
  command: string,
  options?: T,
  more?: { allowPositionals?: boolean; hint?: string },
): ReturnType<typeof parseArgs<{ options: T; allowPositionals: boolean }>>;
