/** An output as Jupyter stores it; texts may be lists of lines. */
export interface Output {
  readonly output_type: string;
  readonly name?: string;
  readonly text?: string | string[];
  readonly data?: Readonly<Record<string, string | string[]>>;
}

export interface Cell {
  readonly cell_type: 'markdown' | 'code';
  readonly id: string;
  readonly source: string | string[];
  readonly metadata: { readonly tags?: readonly string[] };
  readonly execution_count?: number | null;
  readonly outputs?: readonly Output[];
}

export interface CodeCell extends Cell {
  readonly outputs: readonly Output[];
}

export interface Notebook {
  readonly cells: readonly Cell[];
  readonly metadata: { readonly kernelspec: { readonly name: string } };
  readonly nbformat: number;
  readonly nbformat_minor: number;
}

export const root: string;
export const folder: string;
export const languages: readonly string[];
export function notebookNames(language?: string): string[];
export function notebookFile(language: string, name: string): string;
export function readNotebook(file: string): Notebook;
export function notebookOf(language: string, name: string): Notebook | undefined;
export function textOf(field: string | readonly string[] | undefined): string;
export function codeCells(notebook: Notebook): CodeCell[];
export function varies(cell: Cell): boolean;
export function printed(cell: CodeCell): string;
export function pictures(cell: CodeCell): string[];
export function notebookText(notebook: Notebook): string;
