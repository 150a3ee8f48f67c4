/** The Chromium that is installed. */
import { existsSync } from 'node:fs';

const executables = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/** Its executable: the one that the environment variable CHROMIUM names, or one at a usual place; undefined where there is none. */
export const chromiumExecutable = (): string | undefined =>
  [process.env.CHROMIUM, ...executables].find((file) => file && existsSync(file));
