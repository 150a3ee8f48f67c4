/** What page and worker tell each other. */
import type { GradcheckReport } from '../../../dist/index.js';

export interface Job {
  code: string;
  order: 1 | 2;
  withFixes: boolean;
}

export type Failure = 'syntax' | 'throws' | 'missing' | 'module' | 'check';

export type Answer =
  | { kind: 'ready' }
  | { kind: 'printed'; line: string }
  | { kind: 'report'; report: GradcheckReport }
  | { kind: 'failed'; failure: Failure; line?: number; message: string };
