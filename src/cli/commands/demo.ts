/** `gradparity demo`: a page in which a trained model reads what is drawn, served on this machine or written as a folder. */
import path from 'node:path';
import type { CommandModule } from 'yargs';
import type { DemoModel } from '../../pages/demo/model.js';
import { bundledModel } from '../models.js';
import { jsonOption, modelOption, text, wholeNumber, type CommonArguments } from '../options.js';
import { abortOnInterrupt, printJson, startBackend } from '../session.js';

interface DemoArguments extends CommonArguments {
  model?: string;
  output?: string;
  port: number;
}

const command: CommandModule<object, DemoArguments> = {
  command: 'demo [model]',
  describe: 'Draw a digit in the browser: what the model reads, its hidden units, and both gradients, live',
  builder: {
    model: modelOption,
    output: {
      ...text({ describe: 'Folder to write the page into, for any web server, instead of serving it here' }),
      alias: 'out',
    },
    port: wholeNumber(
      { min: 0, max: 65535 },
      { default: 0, describe: 'Port on 127.0.0.1; 0 takes a free one' },
    ),
    json: jsonOption,
  },
  handler: demo,
};

export default command;

async function demo({ model = bundledModel(), output, port, json }: DemoArguments): Promise<void> {
  const { requireWritable, unwritable, writeFileWhole } = await import('../../files/write.js');
  const { DEMO_FILES } = await import('../../pages/demo/html.js');
  if (output !== undefined) await requireWritable('demo', output, DEMO_FILES);
  await startBackend('cpu');
  const { demoFiles } = await import('../demo/files.js');
  const files = await demoFiles(await loadModel(model));
  if (output !== undefined) {
    const written = DEMO_FILES.map((name) => path.join(output, name));
    try {
      // The page last: who opens it finds what it asks for.
      for (const name of [...DEMO_FILES].reverse())
        await writeFileWhole(path.join(output, name), files[name]);
    } catch (error) {
      throw unwritable('demo', output, error);
    }
    if (json) printJson({ command: 'demo', model, files: written });
    else process.stdout.write(`Open ${written[0]} in a browser, or put the folder on a web server.\n`);
    return;
  }
  const { serve } = await import('../demo/server.js');
  const { signal, release } = abortOnInterrupt({ quiet: true });
  const served = await serve(files, port);
  if (json) printJson({ command: 'demo', model, url: served.url });
  else process.stdout.write(`${served.url}\n`);
  process.stderr.write('Open this address in a browser. Ctrl-C ends the demo.\n');
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
  await served.close();
  release();
}

async function loadModel(directory: string): Promise<DemoModel> {
  const { loadLayersModel } = await import('../../models/files.js');
  const { notesOf, withOutputActivation } = await import('../../models/layers-model.js');
  const { demoModel } = await import('../../pages/demo/model.js');
  const layers = await loadLayersModel(directory);
  try {
    const network = withOutputActivation(layers);
    try {
      return await demoModel(network, notesOf(layers), directory);
    } finally {
      network.dispose();
    }
  } finally {
    layers.dispose();
  }
}
