/** The options of a gradient check, with their defaults. */
import { InputError } from '../errors.js';
import type { GradcheckOptions } from './report/report.js';

export type Settings = GradcheckOptions & { precision: 'float64' | 'native'; order: 1 | 2; seed: number };

/** The options with their defaults, checked. */
export function readOptions(options: GradcheckOptions): Settings {
  const choices: Record<string, readonly unknown[]> = {
    mode: ['full', 'fast'],
    precision: ['float64', 'native'],
    order: [1, 2],
  };
  for (const [name, allowed] of Object.entries(choices)) {
    const value = options[name as keyof GradcheckOptions];
    if (value !== undefined && !allowed.includes(value)) {
      throw new InputError(
        `gradcheck: ${name} must be ${allowed.join(' or ')}, got ${JSON.stringify(value)}.`,
      );
    }
  }
  for (const name of ['rtol', 'atol'] as const) {
    const value = options[name];
    if (value !== undefined && !(value >= 0 && Number.isFinite(value))) {
      throw new InputError(`gradcheck: ${name} must be a finite number of at least 0, got ${value}.`);
    }
  }
  const { seed = 1 } = options;
  if (!Number.isSafeInteger(seed))
    throw new InputError(`gradcheck: seed must be a whole number, got ${seed}.`);
  const known = [
    'mode',
    'precision',
    'order',
    'seed',
    'constant',
    'names',
    'surrogate',
    'variables',
    'rtol',
    'atol',
    'details',
    'signal',
  ];
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown)
    throw new InputError(`gradcheck: there is no option ${unknown}. There are ${known.join(', ')}.`);
  return { ...options, precision: options.precision ?? 'float64', order: options.order ?? 1, seed };
}
