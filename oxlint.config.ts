import { defineConfig, type OxlintOverride } from 'oxlint';

/** Who may import whom: the table in the architecture page, and the only place in code that holds it. */
const layers: Record<string, readonly string[]> = {
  core: [],
  identity: ['core'],
  tokens: ['core'],
  connectors: ['core'],
  results: ['core'],
  gateway: ['core', 'connectors'],
  imports: ['core'],
  guides: ['core'],
  ui: ['core', 'vscode'],
  extension: ['core', 'identity', 'tokens', 'connectors', 'imports', 'guides', 'ui', 'vscode'],
  server: ['core', 'identity', 'tokens', 'connectors', 'gateway'],
};

const layerOverrides = Object.entries(layers).map(([layer, allowed]): OxlintOverride => {
  const forbidden = Object.keys(layers).filter((other) => other !== layer && !allowed.includes(other));
  return {
    files: [`src/${layer}/**/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            ...forbidden.map((other) => ({
              regex: `^(\\.\\./)+${other}/`,
              message: `src/${layer} may import only: ${allowed.join(', ') || 'nothing'}.`,
            })),
            ...(allowed.includes('vscode')
              ? []
              : [
                  {
                    group: ['vscode'],
                    message: `src/${layer} knows nothing of the editor: take a port from core/ports.ts.`,
                  },
                ]),
            ...(layer === 'core'
              ? [
                  {
                    regex: '^(\\.\\./|[a-y@]|z[^o])',
                    message: 'src/core is pure: it imports nothing but itself and zod/mini.',
                  },
                ]
              : []),
          ],
        },
      ],
    },
  };
});

export default defineConfig({
  plugins: ['typescript', 'import', 'unicorn', 'node', 'promise', 'oxc'],
  categories: { correctness: 'error', suspicious: 'error', perf: 'error' },
  options: { typeAware: true, typeCheck: true },
  env: { node: true, es2024: true },
  ignorePatterns: ['dist', '.cache', 'test/.artifacts', 'node_modules'],
  rules: {
    'no-empty': 'error',
    'no-console': 'error',
    'no-await-in-loop': 'off',
    'no-shadow': 'off',
    'import/no-cycle': 'error',
    'import/no-unassigned-import': 'off',
    'no-underscore-dangle': 'off',
    'typescript/no-explicit-any': 'error',
    'typescript/no-floating-promises': [
      'error',
      {
        allowForKnownSafeCalls: [{ from: 'package', name: ['test', 'describe', 'it', 'suite'], package: 'node:test' }],
      },
    ],
    'typescript/no-misused-promises': 'error',
    'typescript/no-unsafe-argument': 'error',
    'typescript/no-unsafe-assignment': 'error',
    'typescript/no-unsafe-call': 'error',
    'typescript/no-unsafe-member-access': 'error',
    'typescript/no-unsafe-return': 'error',
    'typescript/only-throw-error': 'error',
    'typescript/return-await': ['error', 'in-try-catch'],
    'typescript/switch-exhaustiveness-check': 'error',
    'typescript/consistent-type-imports': 'error',
    'typescript/no-unsafe-type-assertion': 'off',
    // Interfaces here are records of functions; nothing uses `this`.
    'typescript/unbound-method': 'off',
    'unicorn/no-array-sort': 'off',
    'unicorn/consistent-function-scoping': 'off',
    'unicorn/require-module-specifiers': 'off',
    // Of windows of a browser; a webview of the editor has no origin to name.
    'unicorn/require-post-message-target-origin': 'off',
    'promise/always-return': 'off',
    'promise/no-multiple-resolved': 'off',
    'max-params': ['error', { max: 4 }],
    'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
  },
  overrides: [
    ...layerOverrides,
    { files: ['scripts/**', 'test/**'], rules: { 'no-console': 'off', 'max-lines': 'off' } },
  ],
});
