/** This package's version. */
import { manifest } from '../manifest.js';

export const version = (): string => manifest().version;
