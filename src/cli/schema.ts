/** The JSON schema of the config file, made of the commands' own options. */
import { commands, optionsOf } from './commands/index.js';
import type { OptionWithSchema } from './options.js';
import { CONFIG_FILE } from './settings.js';

interface Schema {
  description?: string;
  default?: unknown;
  [keyword: string]: unknown;
}

const camelCase = (flag: string): string =>
  flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** What an option's value may be. Those without a type are words that the command itself takes apart. */
function valueSchema({ schema, choices, type }: OptionWithSchema): Schema {
  if (schema) return { ...schema };
  if (choices) return { enum: [...(choices as readonly unknown[])] };
  if (type === 'boolean') return { type: 'boolean' };
  return { type: 'string', minLength: 1 };
}

/**
 * Draft 2020-12 of JSON Schema for gradparity.config.json: every option of every command, by the name of its flag or in camelCase. An option
 * that commands know differently may have each command's values.
 */
export function configSchema(): object {
  const found = new Map<string, { schemas: Map<string, Schema>; descriptions: Set<string> }>();
  const conflicts = new Map<string, [string, string]>();
  for (const command of commands) {
    for (const [name, option] of Object.entries(optionsOf(command) as Record<string, OptionWithSchema>)) {
      const entry = found.get(name) ?? { schemas: new Map(), descriptions: new Set() };
      const schema = valueSchema(option);
      entry.schemas.set(JSON.stringify(schema), schema);
      if (option.describe) entry.descriptions.add(option.describe);
      found.set(name, entry);
      if (typeof option.conflicts === 'string') {
        const pair: [string, string] = [name, option.conflicts];
        conflicts.set([...pair].sort().join(), pair);
      }
    }
  }
  const properties: Record<string, Schema> = {
    $schema: { type: 'string', description: 'Where this schema is, for editors.' },
  };
  for (const [name, { schemas, descriptions }] of found) {
    const all = [...schemas.values()];
    const schema = {
      description: [...descriptions].join('. Or: '),
      ...(all.length === 1 ? all[0] : { anyOf: all }),
    };
    properties[camelCase(name)] = schema;
    if (name !== camelCase(name)) properties[name] = schema;
  }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'gradparity/config.schema.json',
    title: CONFIG_FILE,
    description: 'Options of the gradparity command line. Each command takes those that it knows.',
    type: 'object',
    properties,
    additionalProperties: false,
    // Of each of these pairs a command takes one; under both spellings of a name.
    allOf: [...conflicts.values()]
      // What several commands know differently may be meant for another one than the one with the conflict.
      .filter((pair) => pair.every((name) => found.get(name)?.schemas.size === 1))
      .flatMap(([one, other]) =>
        [...new Set([one, camelCase(one)])].flatMap((a) =>
          [...new Set([other, camelCase(other)])].map((b) => ({ not: { required: [a, b] } })),
        ),
      ),
  };
}
