import tseslint from 'typescript-eslint';

/** Folders of src/ in their order: a folder may import from those before it, and from the leaves. */
const layers = ['functions', 'differentiation', 'networks', 'training', 'cli'];
const leaves = ['perceptron', 'files', 'data', 'models', 'backends', 'plots'];

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'runs/', 'coverage/'] },
  ...tseslint.configs.strict,
  {
    rules: {
      'no-restricted-globals': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
);
