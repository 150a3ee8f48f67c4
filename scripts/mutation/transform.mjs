/** ts-jest on the instrumented text of a source, where there is one: all mutants of the file, each behind a switch. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import tsJest from 'ts-jest';

export default {
  createTransformer(options) {
    const transformer = tsJest.default.createTransformer(options);
    const instrumented = JSON.parse(readFileSync(process.env.GRADPARITY_MUTATED, 'utf8'));
    const mutated = (text, file) => instrumented[path.relative(process.cwd(), file)] ?? text;
    return {
      canInstrument: transformer.canInstrument,
      process: (text, file, rest) => transformer.process(mutated(text, file), file, rest),
      processAsync: (text, file, rest) => transformer.processAsync(mutated(text, file), file, rest),
      getCacheKey: (text, file, rest) => transformer.getCacheKey(mutated(text, file), file, rest),
      getCacheKeyAsync: (text, file, rest) => transformer.getCacheKeyAsync(mutated(text, file), file, rest),
    };
  },
};
