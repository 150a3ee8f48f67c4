/** `gradparity doctor`: what this machine has, what it lacks, how to get it; `--fix` sets up the native backend. */
import type { CommandModule } from 'yargs';
import type { Check, MachineReport } from '../../backends/inspect.js';
import { jsonOption } from '../options.js';
import { abortOnInterrupt, interruptedCode } from '../session.js';

interface DoctorArguments {
  fix: boolean;
  json: boolean;
}

const doctor: CommandModule<object, DoctorArguments> = {
  command: 'doctor',
  describe: 'Show what this machine has, what it lacks and how to get it',
  builder: {
    fix: { type: 'boolean', default: false, describe: 'Set up the native TensorFlow.js backend' },
    json: jsonOption,
  },
  async handler({ fix, json }) {
    const { signal, release } = abortOnInterrupt();
    try {
      if (fix) await provision(signal);
      const { inspectMachine } = await import('../../backends/inspect.js');
      const report = await inspectMachine({ signal });
      process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : await describeReport(report));
      if (!report.complete) process.exitCode = 3;
    } catch (error) {
      if (!signal.aborted) throw error;
      process.stderr.write('Interrupted; nothing half-made is left.\n');
      process.exitCode = interruptedCode();
    } finally {
      release();
    }
  },
};

export default doctor;

/** Provisions with its steps on stderr. A failure is explained there; the report that follows shows what is left. */
async function provision(signal: AbortSignal): Promise<void> {
  const { provisionNative } = await import('../../backends/provision.js');
  const { stepLines } = await import('../../backends/step-lines.js');
  const { EnvironmentError } = await import('../../errors.js');
  const { log, end } = stepLines(process.stderr);
  try {
    const { how, libtensorflow } = await provisionNative({ log, signal, believeProof: false });
    end();
    const already = how === 'already' ? 'is set up already' : 'is set up';
    process.stderr.write(`The native backend ${already}: libtensorflow ${libtensorflow}.\n`);
  } catch (error) {
    end();
    if (!(error instanceof EnvironmentError)) throw error;
    process.stderr.write(`${error.message}\n`);
  }
}

async function describeReport({ checks, complete, backend }: MachineReport): Promise<string> {
  const { default: Table } = await import('cli-table3');
  const bare = Object.fromEntries(
    ['top', 'bottom', 'mid', 'left', 'right']
      .flatMap((edge) => [edge, `${edge}-mid`, `${edge}-left`, `${edge}-right`, `mid-mid`])
      .map((edge) => [edge, '']),
  );
  const table = new Table({
    chars: { ...bare, middle: '  ' },
    style: { 'padding-left': 0, 'padding-right': 0, border: [], head: [] },
  });
  for (const { name, state, found, remedy } of checks) {
    table.push([mark(state), name, found]);
    if (state === 'lacking' && remedy !== undefined) table.push(['', '', `-> ${remedy}`]);
  }
  const rows = table
    .toString()
    .split('\n')
    .map((row) => row.trimEnd());
  const summary = complete ? 'Nothing is lacking.' : 'Something is lacking.';
  const choice =
    backend === undefined ? 'No backend runs here.' : `Left to choose, gradparity runs on ${backend}.`;
  return `${rows.join('\n')}\n\n${summary} ${choice}\n`;
}

function mark(state: Check['state']): string {
  const [text, colour] = { ok: ['ok', 32], lacking: ['lacks', 31], 'not needed': ['-', 2] }[state] as [
    string,
    number,
  ];
  const isColoured = process.stdout.isTTY && !process.env.NO_COLOR;
  return isColoured ? `\u001b[${colour}m${text}\u001b[0m` : text;
}
