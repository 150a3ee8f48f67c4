/** What is used of Vitest, which only its users have. */
declare module 'vitest' {
  export const expect: { extend(matchers: object): void };
}
