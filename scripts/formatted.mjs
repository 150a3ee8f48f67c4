/** Files that scripts write, as `npm run format` would leave them. */
import { format, resolveConfig } from 'prettier';

export const formatted = async (file, text) =>
  format(text, { ...(await resolveConfig(file)), filepath: file });
