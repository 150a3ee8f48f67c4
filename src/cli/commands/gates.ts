/** `gradparity gates`: the truth tables of the logic gates, their weights, and why XOR needs two layers. */
import type { CommandModule } from 'yargs';
import { lookUp } from '../../collections.js';
import type { LogicGate } from '../../perceptron/logic-gates.js';
import type { PerceptronFit } from '../../perceptron/perceptron-classifier.js';
import { backendOption, jsonOption } from '../options.js';
import { loadPlots } from '../optional.js';
import { printJson } from '../session.js';

interface GatesArguments {
  plot: string | undefined;
  backend: 'auto' | 'tensorflow' | 'wasm' | 'cpu';
  json: boolean;
}

const gates: CommandModule<object, GatesArguments> = {
  command: 'gates',
  describe: 'Print the truth tables of AND, NAND, OR and XOR, and why XOR needs two layers',
  builder: {
    plot: { type: 'string', requiresArg: true, describe: 'Draw what the gates decide into this SVG file' },
    backend: {
      ...backendOption,
      default: 'cpu',
      describe: 'The TensorFlow.js backend; four rows need no faster one',
    },
    json: jsonOption,
  },
  async handler({ plot, backend, json }) {
    if (plot !== undefined) await checkPlotName(plot);
    const { selectBackend } = await import('../../backends/select.js');
    await selectBackend(backend);
    const report = await examineGates();
    if (plot !== undefined) await drawGates(plot);
    if (json) printJson({ command: 'gates', ...report, ...(plot !== undefined && { plot }) });
    else process.stdout.write(await describeGates(report, plot));
  },
};

export default gates;

interface GatesReport {
  gates: {
    name: string;
    truthTable: { x1: number; x2: number; output: number }[];
    /** The input's layer first. */
    layers: { name: string; weights: readonly number[]; threshold: number }[][];
  }[];
  /** What the perceptron rule makes of each truth table, from zero weights at rate 1 in fixed order. */
  learning: Learning[];
}

type Learning = { gate: string; weights: readonly number[]; bias: number } & PerceptronFit;

const corners = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
] as const;

async function loadGates(): Promise<[name: string, gate: LogicGate][]> {
  const { and, nand, or, xor } = await import('../../perceptron/logic-gates.js');
  return [
    ['AND', and],
    ['NAND', nand],
    ['OR', or],
    ['XOR', xor],
  ];
}

async function examineGates(): Promise<GatesReport> {
  const { PerceptronClassifier } = await import('../../perceptron/perceptron-classifier.js');
  const all = await loadGates();
  const names = new Map(
    all.flatMap(([name, { layers }]) => (layers.length === 1 ? [[layers[0][0], name] as const] : [])),
  );
  return {
    gates: all.map(([name, gate]) => ({
      name,
      truthTable: corners.map(([x1, x2]) => ({ x1, x2, output: gate(x1, x2) })),
      layers: gate.layers.map((units) =>
        units.map((unit) => ({
          name: lookUp(names, unit),
          weights: unit.weights,
          threshold: unit.threshold,
        })),
      ),
    })),
    learning: all.map(([name, gate]) => {
      const classifier = new PerceptronClassifier();
      const fit = classifier.fit(
        corners.map((corner) => [...corner]),
        corners.map(([x1, x2]) => gate(x1, x2)),
      );
      const { weights, bias } = classifier.unit;
      return { gate: name, ...fit, weights, bias };
    }),
  };
}

async function describeGates({ gates, learning }: GatesReport, plot: string | undefined): Promise<string> {
  const { default: Table } = await import('cli-table3');
  const plain = { head: [], border: [] };
  const truth = new Table({ head: ['x1', 'x2', ...gates.map(({ name }) => name)], style: plain });
  corners.forEach(([x1, x2], k) => truth.push([x1, x2, ...gates.map((gate) => gate.truthTable[k].output)]));

  const units = new Table({ head: ['gate', 'layer', 'fires when'], style: plain });
  for (const { name, layers } of gates) {
    layers.forEach((layer, depth) => {
      const rule =
        layers.length === 1
          ? formula(layer[0])
          : layer.map((unit) => (depth === 0 ? `${unit.name}(x1, x2)` : unit.name)).join(', ');
      units.push([name, depth + 1, depth > 0 ? `${rule} of the layer before` : rule]);
    });
  }

  const rule = new Table({ head: ['gate', 'epochs', 'mistakes in each', 'outcome'], style: plain });
  for (const one of learning) rule.push([one.gate, one.epochs, one.mistakes.join(' '), outcome(one)]);
  const [ofXor] = learning.filter(({ gate }) => gate === 'XOR');
  const picture = plot === undefined ? '' : `\nPicture: ${plot}\n`;
  return `${truth}\n\n${units}\n\n${whyTwoLayers(ofXor)}\n\n${rule}\n${picture}`;
}

/** "0.5·x1 − 0.5·x2 > 0.7" */
function formula({ weights, threshold }: { weights: readonly number[]; threshold: number }): string {
  const terms = weights.map((weight, k) => {
    const sign = weight < 0 ? '−' : '+';
    return `${k === 0 ? (weight < 0 ? sign : '') : ` ${sign} `}${Math.abs(weight)}·x${k + 1}`;
  });
  return `${terms.join('')} > ${number(threshold)}`;
}

function outcome({ converged, cycle, weights, bias }: Learning): string {
  if (converged) return `learned: w = (${weights.map(number).join(', ')}), b = ${number(bias)}`;
  return cycle ? 'goes round for ever' : 'not learned';
}

function whyTwoLayers({ cycle, weights, bias, mistakes }: Learning): string {
  const text = [
    'Why XOR needs two layers. A unit splits the plane along one straight line. For XOR it would need',
    '    b ≤ 0,   w1 + b > 0,   w2 + b > 0,   w1 + w2 + b ≤ 0;',
    'the middle two give w1 + w2 + b > −b ≥ 0, against the last. Two units draw two lines, and a third',
    'takes the strip between them.',
  ];
  if (cycle) {
    const wrong = mistakes.slice(cycle.from).reduce((a, b) => a + b, 0);
    text.push(
      '',
      'The perceptron rule shows it too: w ← w + (t − y)·x at each mistake, from zero, in the order of the table.',
      `On XOR the weights after epoch ${cycle.from + cycle.length} are those after epoch ${cycle.from}, ` +
        `w = (${weights.map(number).join(', ')}), b = ${number(bias)}, with ${wrong} mistakes between:`,
      'each epoch depends on its start alone, so this repeats for ever.',
    );
  }
  return text.join('\n');
}

const number = (value: number): string => `${value}`.replace('-', '−');

async function checkPlotName(plot: string): Promise<void> {
  const { InputError } = await import('../../errors.js');
  if (typeof plot !== 'string' || !plot.toLowerCase().endsWith('.svg')) {
    throw new InputError(`gates: --plot wants one file name that ends in .svg, got "${String(plot)}".`);
  }
}

async function drawGates(file: string): Promise<void> {
  const [tf, { boundaryGrid, nodeDocument }, { writeFileWhole }, { InputError }] = await Promise.all([
    import('@tensorflow/tfjs'),
    loadPlots('gates --plot'),
    import('../../files/write.js'),
    import('../../errors.js'),
  ]);
  const svg = boundaryGrid({
    document: nodeDocument(),
    title: 'What the gates decide',
    panels: (await loadGates()).map(([title, gate]) => ({
      title,
      predict: (points) => tf.tidy(() => gate.predict(points).dataSync()),
      points: corners.map(([x, y]) => ({ x, y, label: gate(x, y) })),
      domain: { x: [-0.5, 1.5], y: [-0.5, 1.5] },
    })),
  });
  try {
    await writeFileWhole(file, svg);
  } catch (error) {
    throw new InputError(`gates: cannot write ${file}: ${(error as Error).message}.`, { cause: error });
  }
}
