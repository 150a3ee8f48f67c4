/**
 * V8's options for a process that runs much code a few times each, as a sweep's and the tests' do. Optimising it takes a third of their processor
 * time and pays back less, so V8 waits longer; and the heaps are small, for which several threads that collect garbage are in each other's way.
 */
export function optionsForShortWork(): string[] {
  const [major] = process.versions.v8.split('.').map(Number);
  return [
    '--single-threaded-gc',
    ...(major < 12
      ? ['--interrupt-budget=1000000']
      : [
          '--invocation-count-for-maglev=2000',
          '--invocation-count-for-maglev-osr=500',
          '--invocation-count-for-turbofan=300000',
        ]),
  ];
}
