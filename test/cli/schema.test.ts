/** The schema of the config file. Oracles: ajv, and what the commands' options themselves take and refuse. */
import { describe, expect, test } from '@jest/globals';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { commands, optionsOf } from '../../src/cli/commands/index.js';
import { checkValue } from '../../src/cli/options.js';
import { configSchema } from '../../src/cli/schema.js';

const validate: ValidateFunction = new Ajv2020({
  strict: true,
  strictRequired: false,
  allowUnionTypes: true,
}).compile(configSchema());
const isValid = (config: unknown): boolean => validate(config) === true;

describe('the schema', () => {
  test.each([
    { steps: 100, hidden: [50, 20], learningRate: 0.1, json: true, activation: 'relu' },
    { 'learning-rate': 0.1, hidden: '50,20', backend: 'auto' },
    { $schema: './node_modules/gradparity/dist/config.schema.json', epochs: 2 },
    { resume: 'runs/a' },
    { resume: true },
    {},
  ])('takes %j', (config) => {
    expect(isValid(config)).toBe(true);
  });

  test.each([
    { steps: 0.5 },
    { steps: -1 },
    { learningRate: 0 },
    { learningRate: 'much' },
    { activation: 'cosine' },
    { batchsize: 10 },
    { hidden: [] },
    { hidden: {} },
    { hidden: '50;20' },
    { json: 'yes' },
    { steps: 5, epochs: 1 },
    { data: 'a', 'data-dir': 'b' },
    { data: 'a', dataDir: 'b' },
    [],
    'steps',
  ])('refuses %j', (config) => {
    expect(isValid(config)).toBe(false);
  });

  test('takes of numbers and choices what the options take', () => {
    const values = [-1, 0, 0.5, 1, 7, 256, 65536, 2 ** 33, 'auto', 'relu', 'digits', true];
    let compared = 0;
    for (const command of commands) {
      for (const [name, option] of Object.entries(optionsOf(command))) {
        const alone = commands.filter((other) => name in optionsOf(other)).length === 1;
        if (!alone || !('schema' in option || option.choices) || name === 'hidden') continue;
        for (const value of values) {
          let takes = true;
          try {
            if (option.coerce) option.coerce(value);
            else checkValue(value, option);
          } catch {
            takes = false;
          }
          expect([command.command, name, value, isValid({ [name]: value })]).toEqual([
            command.command,
            name,
            value,
            takes,
          ]);
          compared++;
        }
      }
    }
    expect(compared).toBeGreaterThan(100);
  });

  test('knows every option of every command, in both spellings', () => {
    const { properties } = configSchema() as { properties: Record<string, unknown> };
    for (const command of commands) {
      for (const name of Object.keys(optionsOf(command))) {
        expect(properties).toHaveProperty([name]);
        expect(properties).toHaveProperty([name.replace(/-(.)/g, (_, c: string) => c.toUpperCase())]);
      }
    }
  });
});
