/** Where the time of a function goes, by V8's sampling profiler. */
import { Session } from 'node:inspector/promises';

/** The functions that took the most time themselves, as shares of the whole. */
export async function profile(f, most = 10) {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: 200 });
  await session.post('Profiler.start');
  f();
  const { profile: taken } = await session.post('Profiler.stop');
  session.disconnect();
  const frames = new Map(taken.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const times = new Map();
  let total = 0;
  taken.samples.forEach((id, i) => {
    const { functionName, url, lineNumber } = frames.get(id);
    const file = url.split('/').at(-1);
    const name = `${functionName || `the function in line ${lineNumber + 1}`}${file ? `, ${file}` : ''}`;
    times.set(name, (times.get(name) ?? 0) + taken.timeDeltas[i]);
    total += taken.timeDeltas[i];
  });
  return [...times]
    .sort((a, b) => b[1] - a[1])
    .slice(0, most)
    .map(([name, time]) => ({ name, share: time / total }));
}
