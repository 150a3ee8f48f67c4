import tseslint from 'typescript-eslint';

/** src/'s folders in their order: each may import from those before it, never from those after it. */
const layers = [
  'files',
  'functions',
  'perceptron',
  'differentiation',
  'networks',
  'derivatives',
  'gradcheck',
  'parity',
  'training',
  'models',
  'sweep',
  'pages',
  'cli',
];
/** The sweep's rooms, in the order in which its data flows. */
const rooms = ['cases', 'observation', 'judgement', 'explanation', 'report', 'run'];
/** Folders that need nothing of the others; whoever comes later may use them. */
const leaves = ['data', 'backends', 'float64', 'fixes', 'plots'];
/** What a leaf takes of another: the arithmetic of right kernels is that of the double-precision ones. */
const lends = { fixes: ['float64'] };

const forbidden = (folders) => ({
  'no-restricted-imports': [
    'error',
    { patterns: [{ regex: `^\\.\\./(\\.\\./)*(${folders.join('|')})/`, message: 'Imports point one way.' }] },
  ],
});

export default tseslint.config(
  {
    ignores: [
      'notebooks/deno.d.ts',
      'dist/',
      'packages/*/dist/',
      'site/',
      'node_modules/',
      'runs/',
      'coverage/',
      '**/*.ipynb',
    ],
  },
  ...tseslint.configs.strict,
  {
    rules: {
      '@typescript-eslint/no-empty-function': 'off',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
    },
  },
  {
    files: ['**/*.ts'],
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['examples/*.ts'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-unnecessary-type-assertion': 'error',
    },
  },
  { files: ['scripts/**', 'bench/**', 'examples/**'], rules: { 'no-console': 'off' } },
  ...layers.slice(0, -1).map((folder, index) => ({
    files: [`src/${folder}/**`],
    rules: forbidden(layers.slice(index + 1)),
  })),
  ...rooms.slice(0, -1).map((room, index) => ({
    files: [`src/sweep/${room}/**`],
    rules: forbidden([...layers.slice(layers.indexOf('sweep') + 1), ...rooms.slice(index + 1)]),
  })),
  ...leaves.map((folder) => ({
    files: [`src/${folder}/**`],
    rules: forbidden([
      ...layers.filter((layer) => layer !== 'files'),
      ...leaves.filter((leaf) => leaf !== folder && !lends[folder]?.includes(leaf)),
    ]),
  })),
  {
    files: ['src/**'],
    ignores: ['src/cli/**', 'src/backends/**'],
    rules: { 'no-restricted-globals': ['error', 'console'] },
  },
);
