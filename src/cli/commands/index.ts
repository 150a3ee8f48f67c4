/** The commands, in the order in which the help lists them. */
import type { CommandModule, Options } from 'yargs';
import check from './check.js';
import demo from './demo.js';
import doctor from './doctor.js';
import evaluate from './evaluate.js';
import exportModel from './export.js';
import gates from './gates.js';
import merge from './merge.js';
import plot from './plot.js';
import predict from './predict.js';
import sweep from './sweep.js';
import train from './train.js';
import worker from './worker.js';

export const commands = [
  train,
  evaluate,
  predict,
  check,
  sweep,
  merge,
  worker,
  exportModel,
  plot,
  demo,
  gates,
  doctor,
] as CommandModule<object, object>[];

export const optionsOf = (command: CommandModule<object, object>): Record<string, Options> =>
  command.builder as Record<string, Options>;

export { doctor };
