/** What `gradparity plot` draws: one picture in three forms. */
import type { loadPlots } from '../optional.js';
import type { DataArguments } from '../session.js';

export type Plots = Awaited<ReturnType<typeof loadPlots>>;

export interface Picture {
  title: string;
  /** Signs for a terminal of so many columns. */
  text(width: number): string | Promise<string>;
  /** An SVG text; only here is the plotting library needed. */
  svg(plots: Plots): string;
  /** The numbers that are drawn. */
  data: object;
  /** Frees what the forms ask. */
  dispose?(): void;
}

export interface PlotOptions extends DataArguments {
  /** What is named behind the kind: runs, or a model. */
  paths: readonly string[];
  /** Most images, units or examples. */
  count?: number;
}

/** A call of one of the library's pictures, with its document. */
export const documentOf = (plots: Plots): { document: Document } => ({ document: plots.nodeDocument() });
