import js from '@eslint/js';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'public/', 'coverage/', '.lockstep/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
    },
  },
  {
    files: ['src/workflows/**/*.ts'],
    ignores: ['src/workflows/workspace/files-read.ts'],
    rules: {
      // Each record is read once in a command: see src/workflows/workspace/files-read.ts
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '/suite/history-file\\.js$',
              importNames: ['readHistory', 'readHistoryFile', 'appendHistory'],
              message: 'Ask historyOf and addToHistory of files-read.ts',
            },
            {
              regex: '/profile/load\\.js$',
              importNames: ['loadAnyProfile', 'loadProfile'],
              message: 'Ask profileOf and anyProfileOf of files-read.ts',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['test/**/*.ts'],
    // mocha's describe/it hand back promises nobody awaits
    rules: { '@typescript-eslint/no-floating-promises': 'off', '@typescript-eslint/require-await': 'off' },
  },
  {
    files: ['**/*.mjs', '**/*.js'],
    languageOptions: {
      globals: {
        process: 'readonly',
        performance: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        setTimeout: 'readonly',
      },
    },
  },
);
