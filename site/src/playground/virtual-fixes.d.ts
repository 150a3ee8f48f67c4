/** What astro.config.mjs makes: the fixes that the package has. */
declare module 'virtual:fixes' {
  /** Whether these are all fixes, or the tape's order alone. */
  export const all: boolean;
  export function apply(): void;
  export function remove(): void;
}
