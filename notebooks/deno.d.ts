/** What the cells use of the kernel. */
declare namespace Deno {
  function readTextFileSync(file: string): string;
  namespace jupyter {
    /** Shows data, keyed by media type, below the cell. */
    function display(data: Record<string, string>, options: { raw: true }): Promise<void>;
  }
}
