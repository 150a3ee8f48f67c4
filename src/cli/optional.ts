/** The parts of the command line that need packages which are to be installed beside it. */
import { createRequire } from 'node:module';
import { optional } from '../optional.js';

const QUEUE = ['bullmq', 'ioredis', 'zod'] as const;
const PLOTTING = ['@observablehq/plot', 'linkedom'] as const;

/** @throws EnvironmentError where the packages of the queue are not installed */
export const loadQueue = <T>(use: string, load: () => Promise<T>): Promise<T> => optional(use, QUEUE, load);

/**
 * All that draws, with a document that it can draw into.
 *
 * @throws EnvironmentError where the packages are not installed
 */
export const loadPlots = (
  use: string,
): Promise<typeof import('../plots/index.js') & typeof import('../plots/node-document.js')> =>
  optional(use, PLOTTING, async () => {
    const [plots, { nodeDocument }] = await Promise.all([
      import('../plots/index.js'),
      import('../plots/node-document.js'),
    ]);
    nodeDocument();
    return { ...plots, nodeDocument };
  });

const RASTER = ['@resvg/resvg-js', 'dejavu-fonts-ttf'] as const;

/**
 * SVG to PNG, with twice as many pixels and fonts that are the same everywhere.
 *
 * @throws EnvironmentError where the packages are not installed
 */
export const loadRaster = (use: string): Promise<(svg: string) => Uint8Array> =>
  optional(use, RASTER, async () => {
    const { Resvg } = await import('@resvg/resvg-js');
    const resolve = createRequire(import.meta.url).resolve;
    const fontFiles = ['DejaVuSans', 'DejaVuSans-Bold'].map((name) =>
      resolve(`dejavu-fonts-ttf/ttf/${name}.ttf`),
    );
    const font = {
      fontFiles,
      // For what these have no signs for: Chinese names of classes.
      loadSystemFonts: true,
      defaultFontFamily: 'DejaVu Sans',
      sansSerifFamily: 'DejaVu Sans',
    };
    return (svg) => new Resvg(svg, { fitTo: { mode: 'zoom', value: 2 }, font }).render().asPng();
  });
