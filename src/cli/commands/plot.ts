/** `gradparity plot`: runs, models and the textbook's functions as pictures: SVG, PNG, or signs in the terminal. */
import path from 'node:path';
import type { CommandModule } from 'yargs';
import type { BackendName } from '../../backends/select.js';
import { InputError } from '../../errors.js';
import { loadPlots, loadRaster } from '../optional.js';
import {
  backendOption,
  jsonOption,
  testDataOptions,
  text,
  wholeNumber,
  type CommonArguments,
} from '../options.js';
import { status } from '../progress.js';
import type { Picture, PlotOptions } from '../plot/picture.js';
import { printJson, startBackend, type DataArguments } from '../session.js';

interface PlotArguments extends CommonArguments, DataArguments {
  kind: string;
  paths?: string[];
  output?: string;
  count?: number;
  backend: BackendName | 'auto';
}

const textbook = () => import('../plot/textbook.js');
const models = () => import('../plot/models.js');

/** What there is to draw, and of what. */
const kinds: Record<
  string,
  { of: 'runs' | 'model' | 'nothing'; draw: (options: PlotOptions) => Promise<Picture> }
> = {
  runs: { of: 'runs', draw: async (options) => (await import('../plot/runs.js')).drawRuns(options) },
  gradients: { of: 'model', draw: async (options) => (await models()).drawGradients(options) },
  hidden: { of: 'model', draw: async (options) => (await models()).drawHidden(options) },
  confusion: { of: 'model', draw: async (options) => (await models()).drawConfusion(options) },
  misread: { of: 'model', draw: async (options) => (await models()).drawMisread(options) },
  activations: { of: 'nothing', draw: async () => (await textbook()).drawActivations() },
  boundaries: { of: 'nothing', draw: async () => (await textbook()).drawBoundaries() },
  descent: { of: 'nothing', draw: async () => (await textbook()).drawDescent() },
  steps: { of: 'nothing', draw: async () => (await textbook()).drawSteps() },
};

/** The names of the kinds. */
export const PLOT_KINDS: readonly string[] = Object.keys(kinds);

const command: CommandModule<object, PlotArguments> = {
  command: 'plot <kind> [paths..]',
  describe:
    'Draw runs (folders of train), a model (gradients, hidden, confusion, misread) or the textbook (activations, boundaries, descent, steps)',
  builder: {
    output: text({ describe: 'File to draw into, .svg or .png; in the terminal where left out' }),
    count: wholeNumber(
      { min: 1, max: 10_000 },
      {
        describe: 'Most units or images; examples of the batch for gradients',
        defaultDescription: '50; 100',
      },
    ),
    backend: { ...backendOption, default: 'cpu' },
    json: jsonOption,
    ...testDataOptions,
  },
  handler: plot,
};

export default command;

/** Columns of a terminal that does not say, and the most that a picture takes. */
const COLUMNS = 80;
const MOST_COLUMNS = 160;

async function plot(options: PlotArguments): Promise<void> {
  const { kind, output, json } = options;
  const paths = (options.paths ?? []).map(String);
  if (!Object.hasOwn(kinds, kind)) {
    throw new InputError(
      `plot: wanted one of ${PLOT_KINDS.join(', ')} to draw, got ${JSON.stringify(kind)}.`,
    );
  }
  const { of, draw } = kinds[kind];
  if (of === 'nothing' && paths.length > 0) {
    throw new InputError(
      `plot: ${kind} is drawn of nothing but itself, got ${paths.join(', ')}. Leave that out.`,
    );
  }
  const drawing = output === undefined ? undefined : await drawingInto(output);
  if (of !== 'runs') await startBackend(options.backend);
  status(`Drawing ${kind} …`);
  const picture = await draw({ ...options, paths }).finally(() => status(''));
  try {
    if (drawing) await drawing(picture);
    if (json) {
      printJson({
        command: 'plot',
        kind,
        title: picture.title,
        ...(output !== undefined && { file: output }),
        ...picture.data,
      });
    } else if (output !== undefined) process.stdout.write(`${output}: ${picture.title}\n`);
    else process.stdout.write(await picture.text(Math.min(MOST_COLUMNS, process.stdout.columns ?? COLUMNS)));
  } finally {
    picture.dispose?.();
  }
}

/** What writes a picture into the file; what it needs is looked for before anything is computed. */
async function drawingInto(output: string): Promise<(picture: Picture) => Promise<void>> {
  const { localPath } = await import('../../files/place.js');
  const { requireWritable, unwritable, writeFileWhole } = await import('../../files/write.js');
  const file = localPath('plot', output);
  const extension = path.extname(file).toLowerCase();
  if (extension !== '.svg' && extension !== '.png') {
    throw new InputError(
      `plot: --output wants a file that ends in .svg or .png, got ${JSON.stringify(output)}.`,
    );
  }
  await requireWritable('plot', path.dirname(file), [path.basename(file)]);
  const plots = await loadPlots('plot --output');
  const raster = extension === '.png' ? await loadRaster('plot --output with .png') : undefined;
  return async (picture) => {
    const svg = picture.svg(plots);
    await writeFileWhole(file, raster ? raster(svg) : svg).catch((error: unknown) => {
      throw unwritable('plot', file, error);
    });
  };
}
