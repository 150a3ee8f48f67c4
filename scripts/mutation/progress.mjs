/** How far something is, on stderr: a bar on a terminal, elsewhere a line every half minute. */
import { SingleBar } from 'cli-progress';

export function progressLine(what, total) {
  let [done, more] = [0, ''];
  const bar = process.stderr.isTTY
    ? new SingleBar({
        stream: process.stderr,
        format: '{bar} {value}/{total} {what}  {more}  {eta_formatted} left',
        barsize: 24,
        hideCursor: true,
      })
    : undefined;
  bar?.start(total, 0, { what, more });
  const say = () => console.error(`${done} of ${total} ${what}${more && `: ${more}`}`);
  const timer = bar ? undefined : setInterval(say, 30_000);
  return {
    update(value, rest = '') {
      [done, more] = [value, rest];
      bar?.update(value, { what, more });
    },
    stop() {
      clearInterval(timer);
      if (bar) bar.stop();
      else say();
    },
  };
}
