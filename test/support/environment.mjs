/**
 * Jest's environment for Node, with the globals as fast as outside of Jest, and with what is the same for each test file done once in a
 * worker. Tests are as separate as in Jest's own: each file has a realm and modules of its own.
 */
import { createRequire } from 'node:module';
import vm from 'node:vm';
import { TestEnvironment } from 'jest-environment-node';

/**
 * Jest makes the realm from an object, a Proxy, which Node then asks at each mention of a global, in a kernel's innermost loop too. A realm
 * that is made from none has plain globals.
 */
export default class PlainGlobals extends TestEnvironment {
  constructor(config, context) {
    const { createContext } = vm;
    // Jest's class calls it, and takes no option that says with what.
    vm.createContext = () => createContext(vm.constants.DONT_CONTEXTIFY);
    try {
      super(config, context);
    } finally {
      vm.createContext = createContext;
    }
  }
}

/** TensorFlow.js' bundles have more than this, and are what loading a test file takes its time for. */
const LARGE = 100_000;

const { compileFunction } = vm;
const compiled = new Map();

/** Jest compiles each CommonJS module anew for each test file; V8 takes it from what an earlier one left. */
vm.compileFunction = (source, parameters, options) => {
  if (source.length < LARGE) return compileFunction(source, parameters, options);
  const key = `${options.filename}\0${parameters}\0${source}`;
  const cachedData = compiled.get(key);
  if (cachedData) return compileFunction(source, parameters, { ...options, cachedData });
  const made = compileFunction(source, parameters, { ...options, produceCachedData: true });
  compiled.set(key, made.cachedData);
  return made;
};

/** What Jest finds the names by that an import of a CommonJS module may have. */
const lexer = createRequire(createRequire(import.meta.url).resolve('jest-runtime'))('cjs-module-lexer');
const { parse } = lexer;
const names = new Map();

lexer.parse = (source, name) => {
  if (!names.has(source)) names.set(source, parse(source, name));
  return names.get(source);
};

// Nothing is open any more, or this would not be asked. Node would now take the realms apart, for longer than Jest waits for a worker.
process.once('beforeExit', () => process.exit());
