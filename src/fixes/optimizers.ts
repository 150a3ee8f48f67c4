/**
 * The steps of TensorFlow.js' optimizers. Their formulas are in methods of their classes, which take what is wrong here around, or are replaced.
 *
 * An optimizer gathers numbers for each variable: running means of its gradients, of their squares, and so on. TensorFlow.js finds them by the
 * variable's place among those of a step. With other variables in the next step they are another variable's. Here each variable has its own, as in
 * Keras (`optimizer.build`, `self._momentums[self._index_dict[key]]`). TensorFlow.js' methods still do the arithmetic: they are given the lists in
 * the order of the step. So a step that was right stays so, bit for bit.
 */
import * as tf from '@tensorflow/tfjs';
import { classChange, type Copy, type Method, type Wrap } from './class-methods.js';
import type { EngineChange, Fix } from './fix.js';

/** What is gathered for one variable. */
interface Entry {
  originalName: string;
  variable: tf.Variable;
}

/** An optimizer of tf.train, whose lists TensorFlow.js' types keep private. */
interface Stateful extends tf.Optimizer {
  accBeta1?: tf.Variable;
  accBeta2?: tf.Variable;
  beta1: number;
  beta2: number;
  /** Of Adamax: the steps that were made. */
  iteration?: tf.Variable;
}

type Lists = Record<string, (Entry | undefined)[]>;

const listsOf = (optimizer: Stateful): Lists => optimizer as unknown as Lists;

interface Named {
  name: string;
  tensor: tf.Tensor;
}

type Gradients = tf.NamedTensorMap | readonly Named[];

const isList = (gradients: Gradients): gradients is readonly Named[] => Array.isArray(gradients);

const namesOf = (gradients: Gradients): string[] =>
  isList(gradients) ? gradients.map(({ name }) => name) : Object.keys(gradients);

/** One of the lists of an optimizer: its property, what its entries are called after the variable, and what they begin with. */
interface List {
  readonly field: string;
  readonly suffix: string;
  begin(optimizer: Stateful, variable: tf.Variable): tf.Tensor;
}

const list = (field: string, suffix: string, begin: List['begin'] = (_, x) => tf.zerosLike(x)): List => ({
  field,
  suffix,
  begin,
});

/** The classes, with their lists. */
const CLASSES = {
  MomentumOptimizer: [list('accumulations', 'momentum')],
  AdagradOptimizer: [
    list('accumulatedGrads', 'accumulator', (optimizer, { shape }) =>
      tf.fill(shape, (optimizer as unknown as { initialAccumulatorValue: number }).initialAccumulatorValue),
    ),
  ],
  AdadeltaOptimizer: [list('accumulatedGrads', 'accum_grad'), list('accumulatedUpdates', 'accum_var')],
  AdamOptimizer: [list('accumulatedFirstMoment', 'm'), list('accumulatedSecondMoment', 'v')],
  AdamaxOptimizer: [list('accumulatedFirstMoment', 'm'), list('accumulatedWeightedInfNorm', 'v')],
  RMSPropOptimizer: [
    list('accumulatedMeanSquares', 'rms'),
    list('accumulatedMoments', 'momentum'),
    list('accumulatedMeanGrads', 'mg'),
  ],
} as const satisfies Record<string, readonly List[]>;

type ClassName = keyof typeof CLASSES;

const classOf =
  (name: ClassName) =>
  (copy: Copy): { prototype: object } | undefined =>
    (copy as Partial<typeof tf>)[name];

/** The lists of an optimizer: RMSProp has means of gradients only if it is centred. */
const listsIn = (className: ClassName, optimizer: Stateful): readonly List[] =>
  CLASSES[className].filter(
    ({ field }) => field !== 'accumulatedMeanGrads' || (optimizer as { centered?: boolean }).centered,
  );

const variableOf = (name: string): tf.Variable | undefined =>
  (tf.engine().registeredVariables as Partial<Record<string, tf.Variable>>)[name];

/** Whether a variable is there. tf.disposeVariables() does not mark those that it disposes of. */
const isThere = (variable: tf.Variable): boolean =>
  !variable.isDisposed && variableOf(variable.name) === variable;

function begin({ suffix, begin }: List, optimizer: Stateful, variable: tf.Variable): Entry {
  return {
    originalName: `${variable.name}/${suffix}`,
    variable: tf.tidy(() => tf.variable(begin(optimizer, variable), false)),
  };
}

/** Whose an entry is. One that TensorFlow.js has made is that of its name. */
const owners = new WeakMap<Entry, tf.Variable>();

/** Entries that setWeights has brought. */
const brought = new WeakSet<Entry>();

/** What is gathered for one variable, an entry of each list. */
type Row = (Entry | undefined)[];

/** The name of the variable that a row was made for. */
const nameOf = ([entry]: Row): string => entry?.originalName.replace(/\/[^/]*$/, '') ?? '';

const ownerOf = ([entry]: Row): tf.Variable | undefined => entry && owners.get(entry);

/** Whether the variable is there that a row is for. */
function hasOwner(row: Row): boolean {
  const owner = ownerOf(row);
  return owner !== undefined && isThere(owner);
}

const isBrought = ([entry]: Row): boolean => entry !== undefined && brought.has(entry) && !owners.has(entry);

const isGone = (row: Row): boolean => row.some((entry) => entry && !isThere(entry.variable));

function give(row: Row, variable: tf.Variable): void {
  for (const entry of row) if (entry) owners.set(entry, variable);
}

const fits = (row: Row, { shape }: tf.Variable): boolean =>
  row.every((entry) => !entry || tf.util.arraysEqual(entry.variable.shape, shape));

/**
 * Finds the owners of rows that setWeights has brought. They are found by name if the names are those of the step's variables; if the variables are
 * called otherwise now, as in another process, by their places.
 */
function claim(rows: readonly Row[], names: readonly string[], variables: readonly tf.Variable[]): void {
  const theirs = new Set(rows.filter(isBrought).map(nameOf));
  const unclaimed = names.filter((_, i) => !rows.some((row) => ownerOf(row) === variables[i]));
  const isByName =
    unclaimed.every((name) => theirs.has(name)) || [...theirs].every((name) => unclaimed.includes(name));
  const claimed = rows.map((row, place) =>
    isBrought(row) ? (isByName ? variables[names.indexOf(nameOf(row))] : variables[place]) : undefined,
  );
  rows.forEach((row, place) => {
    const variable = claimed[place];
    if (variable === undefined) return;
    if (!fits(row, variable)) {
      throw new Error(
        `applyGradients: what setWeights() has brought as ${String(row[0]?.originalName)}, of shape [${String(row[0]?.variable.shape)}], stands at the place of the variable ${variable.name}, of shape [${String(variable.shape)}]. Take the first step with the variables in the order in which they were when getWeights() was called.`,
      );
    }
    give(row, variable);
  });
}

/** Puts the running powers of Adam's and Adamax' rates back that tf.disposeVariables() has disposed of, as setWeights does. */
function revive(optimizer: Stateful): void {
  const { iterations } = optimizer as unknown as { iterations: number };
  const numbers = {
    accBeta1: () => optimizer.beta1 ** (iterations + 1),
    accBeta2: () => optimizer.beta2 ** (iterations + 1),
    iteration: () => iterations,
  };
  for (const name of ['accBeta1', 'accBeta2', 'iteration'] as const) {
    const present = optimizer[name];
    if (present && !isThere(present)) {
      optimizer[name] = tf.tidy(() => tf.variable(tf.scalar(numbers[name]())));
    }
  }
}

/** The rows of an optimizer, and those of the variables of a step, in its order. */
function rowsFor(
  className: ClassName,
  optimizer: Stateful,
  names: readonly string[],
): { all: Row[]; ofStep: Row[] } {
  const lists = listsIn(className, optimizer);
  const variables = names.map((name) => {
    const variable = variableOf(name);
    if (!variable) {
      throw new Error(
        `applyGradients: there is no variable ${JSON.stringify(name)}. It was disposed of, or its name is another one; variable.name tells.`,
      );
    }
    return variable;
  });
  const fields = lists.map(({ field }) => listsOf(optimizer)[field]);
  const present: Row[] = Array.from({ length: Math.max(...fields.map((field) => field.length)) }, (_, i) =>
    fields.map((field) => field[i]),
  );
  let rows = present.filter((row) => !isGone(row));
  if (rows.length < present.length || rows.length === 0) revive(optimizer);
  if (rows.some(isBrought)) claim(rows, names, variables);
  const ofStep = variables.map((variable) => {
    let row = rows.find((one) => ownerOf(one) === variable);
    // A variable that has taken another's place, by its name and shape, goes on where that one ended.
    row ??= rows.find(
      (one) => !isBrought(one) && !hasOwner(one) && nameOf(one) === variable.name && fits(one, variable),
    );
    if (!row) rows.push((row = lists.map(() => undefined)));
    lists.forEach((one, at) => (row[at] ??= begin(one, optimizer, variable)));
    give(row, variable);
    return row;
  });
  // What was gathered for variables that are no longer there goes, so that it does not add up.
  rows = rows.filter((row) => {
    if (ofStep.includes(row) || !ownerOf(row) || hasOwner(row)) return true;
    tf.dispose(row.map((entry) => entry?.variable as tf.Tensor));
    return false;
  });
  return { all: rows, ofStep };
}

/** Whether the entries stand in the step's order as they are. */
function isInOrder(className: ClassName, optimizer: Stateful, names: readonly string[]): boolean {
  return listsIn(className, optimizer).every(({ field }) => {
    const entries = listsOf(optimizer)[field];
    return names.every((name, i) => {
      const entry = entries[i];
      return entry && isThere(entry.variable) && owners.get(entry) === variableOf(name);
    });
  });
}

function put(className: ClassName, optimizer: Stateful, rows: readonly Row[]): void {
  listsIn(className, optimizer).forEach(({ field }, at) => {
    listsOf(optimizer)[field] = rows.map((row) => row[at]);
  });
}

const stateOf = (className: ClassName): EngineChange =>
  classChange('optimizer-state', classOf(className), {
    applyGradients: (own) =>
      function (this: Stateful, gradients: Gradients) {
        const names = namesOf(gradients);
        if (names.length === 0 || isInOrder(className, this, names)) return own.call(this, gradients);
        const { all, ofStep } = rowsFor(className, this, names);
        put(className, this, ofStep);
        try {
          return own.call(this, gradients);
        } finally {
          put(className, this, all);
        }
      },
    // Lets go of what was gathered before.
    setWeights: (own) =>
      async function (this: Stateful, weights: Named[]) {
        const entries = (): Entry[] =>
          listsIn(className, this).flatMap(({ field }) =>
            listsOf(this)[field].flatMap((entry) => entry ?? []),
          );
        const before = entries();
        await own.call(this, weights);
        for (const entry of entries()) brought.add(entry);
        for (const { variable } of before) {
          if (!weights.some(({ tensor }) => tensor === variable)) variable.dispose();
        }
      },
  });

/** Several changes as one. */
const all = (changes: readonly EngineChange[]): EngineChange => ({
  isApplied: () => changes.every((change) => change.isApplied()),
  apply: () => changes.forEach((change) => change.apply()),
  remove: () => changes.forEach((change) => change.remove()),
});

/** A step by a formula of one variable: its gradient, and what is gathered for it, by the lists' fields. */
function byFormula<Optimizer>(
  className: ClassName,
  update: (optimizer: Optimizer, variable: tf.Variable, gradient: tf.Tensor, entries: tf.Variable[]) => void,
  isMeant: (optimizer: Optimizer) => boolean = () => true,
): Wrap {
  return (own: Method) =>
    function (this: Stateful, gradients: Gradients) {
      if (!isMeant(this as unknown as Optimizer)) return own.call(this, gradients);
      namesOf(gradients).forEach((name, i) => {
        const variable = variableOf(name) as tf.Variable;
        const entries = listsIn(className, this).map((one) => {
          const present = listsOf(this)[one.field];
          return (present[i] ??= begin(one, this, variable)).variable;
        });
        const gradient = (isList(gradients) ? gradients[i].tensor : gradients[name]) as
          tf.Tensor | null | undefined;
        if (gradient == null) return;
        tf.tidy(() => update(this as unknown as Optimizer, variable, gradient, entries));
      });
      (this as unknown as { incrementIterations(): void }).incrementIterations();
    };
}

/** `rate·mean + (1 - rate)·x`. */
const running = (mean: tf.Tensor, rate: number, x: tf.Tensor): tf.Tensor =>
  tf.add(tf.mul(mean, rate), tf.mul(x, 1 - rate));

/**
 * With g the gradient and Δ the step:
 *
 *     E[g²] ← ρ·E[g²] + (1 - ρ)·g²
 *     Δ = √(E[Δ²] + ε) / √(E[g²] + ε) · g
 *     E[Δ²] ← ρ·E[Δ²] + (1 - ρ)·Δ²
 *     x ← x - lr·Δ
 *
 * TensorFlow.js divides by the E[g²] of the step before. Source: Zeiler, ADADELTA, arXiv:1212.5701, algorithm 1; Keras 2.15, optimizers/adadelta.py.
 */
const adadelta = classChange(
  'adadelta',
  classOf('AdadeltaOptimizer'),
  {
    applyGradients: byFormula<{ rho: number; epsilon: number; learningRate: number }>(
      'AdadeltaOptimizer',
      ({ rho, epsilon, learningRate }, variable, gradient, [squares, updates]) => {
        const newSquares = running(squares, rho, tf.square(gradient));
        const step = tf.mul(
          tf.div(tf.sqrt(tf.add(updates, epsilon)), tf.sqrt(tf.add(newSquares, epsilon))),
          gradient,
        );
        const newUpdates = running(updates, rho, tf.square(step));
        squares.assign(newSquares);
        updates.assign(newUpdates);
        variable.assign(tf.add(tf.mul(step, -learningRate), variable));
      },
    ),
  },
  { isInnermost: true },
);

/**
 * With g the gradient, centred:
 *
 *     E[g²] ← ρ·E[g²] + (1 - ρ)·g²      E[g] ← ρ·E[g] + (1 - ρ)·g
 *     m ← μ·m + lr·g / √(E[g²] - E[g]² + ε)
 *     x ← x - m
 *
 * TensorFlow.js subtracts ε, so that the root is that of a negative number where gradients hardly change. The variance E[g²] - E[g]² is never
 * negative, but rounded it may be: it is 0 then. Source: Graves, Generating Sequences With Recurrent Neural Networks, arXiv:1308.0850, (38)–(45); Keras
 * 2.15, optimizers/rmsprop.py.
 */
const centred = classChange(
  'rmsprop-centered',
  classOf('RMSPropOptimizer'),
  {
    applyGradients: byFormula<{
      decay: number;
      momentum: number;
      epsilon: number;
      learningRate: number;
      centered: boolean;
    }>(
      'RMSPropOptimizer',
      ({ decay, momentum, epsilon, learningRate }, variable, gradient, [squares, moments, means]) => {
        const newSquares = running(squares, decay, tf.square(gradient));
        const newMeans = running(means, decay, gradient);
        const variance = tf.relu(tf.sub(newSquares, tf.square(newMeans)));
        const step = tf.div(tf.mul(gradient, learningRate), tf.sqrt(tf.add(variance, epsilon)));
        const newMoments = tf.add(tf.mul(moments, momentum), step);
        squares.assign(newSquares);
        means.assign(newMeans);
        moments.assign(newMoments);
        variable.assign(tf.sub(variable, newMoments));
      },
      ({ centered }) => centered,
    ),
  },
  { isInnermost: true },
);

interface Momentum extends Stateful {
  momentum: number;
  m: tf.Tensor;
  c: tf.Tensor;
}

function renewMomentum(optimizer: Momentum): void {
  optimizer.m.dispose();
  optimizer.m = tf.keep(tf.scalar(optimizer.momentum));
}

const momentum = classChange('momentum-value', classOf('MomentumOptimizer'), {
  setMomentum: (own) =>
    function (this: Momentum, value: number) {
      own.call(this, value);
      renewMomentum(this);
    },
  applyGradients: (own) =>
    function (this: Momentum, gradients: Gradients) {
      // An optimizer that was made inside of tidy has lost it.
      if (this.m.isDisposed) renewMomentum(this);
      return own.call(this, gradients);
    },
});

const momentumDispose = classChange('momentum-dispose', classOf('MomentumOptimizer'), {
  /** Disposes of the learning rate too, which is a tensor of the class that it is made from. */
  dispose: (own) =>
    function (this: Momentum) {
      own.call(this);
      this.c.dispose();
    },
});

export const OPTIMIZER_FIXES: readonly Fix[] = [
  {
    id: 'optimizer-state',
    family: 'optimizers',
    ops: ['train.momentum', 'train.adagrad', 'train.adadelta', 'train.adam', 'train.adamax', 'train.rmsprop'],
    wrong:
      "What an optimizer has gathered for a variable is found by the variable's place in the step: with other variables in the next step, or in another order, it is another variable's, or throws.",
    engine: all((Object.keys(CLASSES) as ClassName[]).map(stateOf)),
  },
  {
    id: 'adadelta',
    family: 'optimizers',
    ops: ['train.adadelta'],
    wrong: 'The step is divided by the mean of squares before this gradient; the first step is too long.',
    engine: adadelta,
  },
  {
    id: 'rmsprop-centered',
    family: 'optimizers',
    ops: ['train.rmsprop'],
    wrong:
      'Centred, epsilon is subtracted and not added: too long steps, and NaN where gradients hardly change.',
    engine: centred,
  },
  {
    id: 'momentum-value',
    family: 'optimizers',
    ops: ['train.momentum'],
    wrong:
      'setMomentum has no effect, and an optimizer that is made inside of tf.tidy throws at its first step.',
    engine: momentum,
  },
  {
    id: 'momentum-dispose',
    family: 'optimizers',
    ops: ['train.momentum'],
    wrong: 'dispose() leaves a tensor behind.',
    engine: momentumDispose,
  },
];
