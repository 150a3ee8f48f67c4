/** `gradparity check`: numerical gradients against tf.grad, for the textbook functions and the network. */
import type { CommandModule } from 'yargs';
import type { BackendName } from '../../backends/select.js';
import type { ParityResult } from '../../gradcheck/textbook.js';
import { backendOption, jsonOption, type CommonArguments } from '../options.js';
import { printJson, startBackend } from '../session.js';

interface CheckArguments extends CommonArguments {
  backend: BackendName | 'auto' | 'all';
}

const command: CommandModule<object, CheckArguments> = {
  command: 'check',
  describe: 'Check the gradients of the textbook functions and the network: differences against tf.grad',
  builder: {
    backend: {
      ...backendOption,
      choices: [...backendOption.choices, 'all'],
      describe: 'TensorFlow.js backend; all: one after the other those that run here',
    },
    json: jsonOption,
  },
  handler: check,
};

export default command;

async function check({ backend, json }: CheckArguments): Promise<void> {
  const { availableBackends } = await import('../../backends/select.js');
  const { judge, parityCases } = await import('../../gradcheck/textbook.js');
  const backends = backend === 'all' ? await availableBackends() : [backend];
  const results: (ParityResult & { backend: BackendName })[] = [];
  for (const request of backends) {
    const { name } = await startBackend(request);
    results.push(...parityCases().map((one) => ({ backend: name, ...judge(one) })));
  }
  const wrong = results.filter(({ right }) => !right).length;
  if (wrong > 0) process.exitCode = 1;
  if (json) {
    printJson({ command: 'check', passed: results.length - wrong, failed: wrong, results });
    return;
  }
  process.stdout.write(
    `${await table(results)}\n${results.length - wrong} of ${results.length} gradients agree with their differences.\n`,
  );
}

async function table(results: readonly (ParityResult & { backend: string })[]): Promise<string> {
  const { default: Table } = await import('cli-table3');
  const rows = new Table({
    head: ['', 'gradient', 'backend', 'worst difference', 'tolerance'],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'left', 'left', 'right', 'right'],
  });
  for (const { name, backend, worstRelativeDifference, tolerance, right } of results) {
    rows.push([
      right ? 'right' : 'WRONG',
      name,
      backend,
      worstRelativeDifference.toExponential(1),
      tolerance.toExponential(0),
    ]);
  }
  return rows.toString();
}
