/** A finding's case as three lines of code that run as they stand. */
import { sizeOf } from '../../shapes.js';
import { TWICE, type SweepCase, type SweepInput } from '../cases/case.js';
import { activeInputs, cotangentOf, secondCotangents } from '../cases/cotangents.js';
import {
  codeOf,
  isExpression,
  modelCode,
  plainData,
  type Argument,
  type Expression,
  type LayersExpression,
} from '../cases/expression.js';
import type { Hit } from '../judgement/hit.js';
import type { SweepBackend } from '../observation/observation.js';

/** A case as small as it still shows the finding. */
export interface Repro extends Pick<
  SweepCase,
  'inputs' | 'expression' | 'plainSecond' | 'kink' | 'entrywise' | 'pair'
> {
  /** What multiplies the outputs: the gradient is that of Σ dy·f. */
  cotangent: readonly number[];
  /** At most three lines that run as an ES module. */
  code: string;
  /** What the last line prints today, and what it should; sentences where there are no numbers. */
  got: string;
  expected: string;
}

/** The first line: which packages, which backend. */
const imports: Readonly<Record<SweepBackend | 'core', string>> = {
  core: "import * as tf from '@tensorflow/tfjs';",
  cpu: "import * as tf from '@tensorflow/tfjs'; await tf.setBackend('cpu');",
  wasm: "import * as tf from '@tensorflow/tfjs'; import '@tensorflow/tfjs-backend-wasm'; await tf.setBackend('wasm');",
  'wasm-nosimd':
    "import * as tf from '@tensorflow/tfjs'; import '@tensorflow/tfjs-backend-wasm'; tf.env().set('WASM_HAS_SIMD_SUPPORT', false); await tf.setBackend('wasm');",
  tensorflow: "import tf from '@tensorflow/tfjs-node';",
  webgl:
    "import * as tf from '@tensorflow/tfjs'; tf.env().set('WEBGL_CPU_FORWARD', false); await tf.setBackend('webgl');",
  webgpu:
    "import * as tf from '@tensorflow/tfjs'; import '@tensorflow/tfjs-backend-webgpu'; tf.env().set('WEBGPU_CPU_FORWARD', false); await tf.setBackend('webgpu');",
};

/** The shortest text that is this number in float32. */
function number(value: number): string {
  if (Object.is(value, -0)) return '-0';
  for (let digits = 1; digits <= 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(value);
}

function tensorCode({ shape, dtype, values }: SweepInput): string {
  const numbers = dtype === 'bool' ? values.map((value) => String(value !== 0)) : values.map(number);
  if (shape.length === 0) return `tf.scalar(${numbers[0]}${dtype === 'float32' ? '' : `, '${dtype}'`})`;
  const type = dtype === 'float32' ? '' : `, '${dtype}'`;
  const flat = `[${numbers.join(', ')}]`;
  return shape.length === 1
    ? `tf.tensor1d(${flat}${type})`
    : `tf.tensor(${flat}, [${shape.join(', ')}]${type})`;
}

/**
 * The repro of a hit on this case.
 *
 * The last line prints the values, the gradient of Σ dy·f by the input at fault, or, for the second order, the gradient of the sum
 * of all gradients' entries, each times the case's own cotangent of the second order where that is not 1; of a leak how many
 * tensors are left.
 */
export function reproOf(one: SweepCase, hit: Hit, outputShape: readonly number[] | undefined): Repro {
  const { inputs, expression } = one;
  const reached = (name: string): boolean => name === hit.input || !hit.unreached?.includes(name);
  const active = activeInputs(one).filter(reached);
  const cotangent = outputShape === undefined ? [] : Array.from(cotangentOf(one, sizeOf(outputShape)));
  const tensors: [name: string, code: string][] = Object.entries(inputs).map(([name, tensor]) => [
    name,
    tensorCode(tensor),
  ]);
  const cotangentName = 'dy' in inputs ? 'cotangent' : 'dy';
  const wanted = hit.direction !== 'forward' && outputShape !== undefined;
  if (wanted)
    tensors.push([cotangentName, tensorCode({ shape: outputShape, dtype: 'float32', values: cotangent })]);
  const layers = layersIn(expression);
  const model = layers
    ? ` const model = ${modelCode(layers)}; model.setWeights([${layers.weights.join(', ')}]);`
    : '';
  const names = tensors.map(([name]) => name);
  const declaration =
    names.length === 1
      ? `const ${names[0]} = ${tensors[0][1]};`
      : `const [${names.join(', ')}] = [${tensors.map(([, code]) => code).join(', ')}];`;
  const f = layers ? codeOf(expression).replace(modelCode(layers), 'model') : codeOf(expression);
  const result = resultCode(one, hit, { f, dy: wanted ? `, ${cotangentName}` : '', active, layers });
  const last =
    hit.kind === 'leaks'
      ? `const before = tf.memory().numTensors; try { tf.tidy(() => void ${result}); } catch {} console.log(tf.memory().numTensors - before);`
      : hit.fault === 'shape' && hit.direction === 'forward'
        ? `console.log(\`shape [\${${result}.shape}]\`);`
        : `console.log((await ${result}.data()).join(' '));`;
  const { plainSecond, kink, entrywise, pair } = one;
  return {
    inputs,
    expression: plainData(expression) as Expression,
    ...(plainSecond && { plainSecond }),
    ...(kink && { kink }),
    ...(entrywise && { entrywise }),
    ...(pair && { pair }),
    cotangent,
    code: [imports[hit.shownOn ?? hit.backend], declaration + model, last].join('\n'),
    got: hit.got,
    expected: hit.expected,
  };
}

interface Parts {
  /** The computation. */
  f: string;
  /** ', dy', by the cotangent's name, where there is one. */
  dy: string;
  active: readonly string[];
  layers: LayersExpression | undefined;
}

function resultCode(one: SweepCase, hit: Hit, parts: Parts): string {
  const { f, dy, active } = parts;
  const { direction, input } = hit;
  if (direction === 'forward') return f;
  if (direction === 'backward') {
    if (active.length === 1) return gradientCode(active[0], f, dy, parts);
    const all = gradientsCode(f, dy, active, parts);
    // What throws may do so in any of the gradients.
    if (input === undefined) return `${all}[0]`;
    // A shader that is kept was compiled for the gradient by the other input.
    return one.variant === TWICE && hit.backend === 'webgpu'
      ? `${all}[${active.indexOf(input)}]`
      : gradientCode(input, f, dy, parts);
  }
  const weights =
    hit.kind === 'formula' && !one.plainSecond
      ? Object.entries(secondCotangents(one))
          .filter(([name]) => active.includes(name))
          .map(([name, values]) => tensorCode({ shape: one.inputs[name].shape, dtype: 'float32', values }))
      : undefined;
  const sum =
    active.length === 1
      ? `tf.sum(${weights ? `tf.mul(${gradientCode(active[0], f, dy, parts)}, ${weights[0]})` : gradientCode(active[0], f, dy, parts)})`
      : `tf.addN(${gradientsCode(f, dy, active, parts)}.map(${weights ? `(g, i) => tf.sum(tf.mul(g, [${weights.join(', ')}][i]))` : 'g => tf.sum(g)'}))`;
  // The gradient is a function of dy too, and what throws may do so there.
  return input === undefined && dy
    ? `${gradientsCode(sum, '', [...active, dy.slice(2)], parts)}[0]`
    : gradientCode(input ?? active[0], sum, '', parts);
}

/** A weight of a model, or undefined for the name of a tensor. */
function weightCode(name: string, layers: LayersExpression | undefined): string | undefined {
  const place = layers?.weights.indexOf(name) ?? -1;
  return place < 0 ? undefined : `model.weights[${place}].val`;
}

/** The gradient by one input. Unlike tf.variableGrads, the engine gives that of weights that are not trained too. */
function gradientCode(name: string, f: string, dy: string, { layers }: Parts): string {
  const weight = weightCode(name, layers);
  return weight
    ? `tf.engine().gradients(() => ${f}, [${weight}]${dy}).grads[0]`
    : `tf.grad(${name} => ${f})(${name}${dy})`;
}

/** The list of the gradients by several inputs. */
function gradientsCode(f: string, dy: string, names: readonly string[], { layers }: Parts): string {
  const list = names.map((name) => weightCode(name, layers) ?? name).join(', ');
  return layers
    ? `tf.engine().gradients(() => ${f}, [${list}]${dy}).grads`
    : `tf.grads((${list}) => ${f})([${list}]${dy})`;
}

/** The model in it, if there is one. */
function layersIn(part: Argument): LayersExpression | undefined {
  if (typeof part !== 'object' || part === null) return undefined;
  if (isExpression(part) && 'layers' in part) return part;
  for (const each of Object.values(part)) {
    const found = layersIn(each as Argument);
    if (found) return found;
  }
  return undefined;
}
