// The walls of the house: who may import what, and where a thing that hits a wall should live instead. What no wall
// lets in is forbidden.
import vue from 'eslint-plugin-vue'
import tseslint from 'typescript-eslint'
import { walls } from './scripts/walls.mjs'

const nodeNames = Object.fromEntries(
  [
    'process',
    'Buffer',
    'console',
    'URL',
    'URLSearchParams',
    'fetch',
    'setTimeout',
    'clearTimeout',
    'setInterval',
    'clearInterval',
    'setImmediate',
    'AbortSignal',
    'AbortController',
    'performance',
    'TextDecoder',
    'TextEncoder',
    'structuredClone',
    'queueMicrotask',
    'globalThis',
  ].map((name) => [name, 'readonly']),
)

const sentences = { ignoreStrings: true, ignoreTemplateLiterals: true, ignoreRegExpLiterals: true, ignoreUrls: true }

export default [
  {
    ignores: [
      'out/**',
      'dist/**',
      'build/**',
      'coverage/**',
      'test-results/**',
      'node_modules/**',
      'docs/**',
      '.cache/**',
      'shared/**',
      'test/fixtures/**',
    ],
  },
  ...tseslint.configs.recommended,
  ...vue.configs['flat/essential'].map((config) => ({ files: ['**/*.vue'], ...config })),
  // Rules that ask for types: oxlint has them for TypeScript (.oxlintrc.json) in a tenth of the time, not for Vue.
  {
    files: ['**/*.vue'],
    languageOptions: {
      parserOptions: { parser: tseslint.parser, project: ['tsconfig.web.json'], extraFileExtensions: ['.vue'] },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      // A listener may be async where it catches what it throws; a promise where a condition is wanted is a mistake.
      '@typescript-eslint/no-misused-promises': [
        'error',
        {
          checksVoidReturn: {
            arguments: false,
            attributes: false,
            properties: false,
            returns: false,
            inheritedMethods: false,
          },
        },
      ],
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  // The formatter holds 120 columns; what it cannot break is a sentence or an expression of its own.
  { files: ['**/*.{ts,mjs}'], rules: { 'max-len': ['error', { code: 120, ...sentences }] } },
  {
    files: ['**/*.vue'],
    rules: {
      'no-undef': 'off',
      'vue/max-len': [
        'error',
        { code: 120, ...sentences, ignoreHTMLAttributeValues: true, ignoreHTMLTextContents: true },
      ],
    },
  },
  {
    files: ['**/*.{ts,vue,js,mjs,cjs}'],
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-constant-binary-expression': 'error',
      'no-self-compare': 'error',
      'no-template-curly-in-string': 'error',
      'no-var': 'error',
      'prefer-const': ['error', { destructuring: 'all' }],
      'no-eval': 'error',
      'no-new-func': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none' },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Named exports only, so a thing has one name everywhere.' },
      ],
      'no-console': 'error',
    },
  },
  { files: ['src/main/*.ts', 'src/main/doors/**', 'src/main/platform/processes/**'], rules: { 'no-console': 'off' } },
  {
    files: ['src/shared/**/*.ts', 'src/main/core/**/*.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Chance is handed in as a seed: see #shared/random.ts.' },
      ],
    },
  },
  ...walls,
  { files: ['src/shared/**/*.ts', 'src/main/**/*.ts'], rules: { '@typescript-eslint/no-require-imports': 'error' } },
  { files: ['**/*.{js,mjs,cjs}'], languageOptions: { globals: nodeNames }, rules: { 'no-undef': 'error' } },
  { files: ['test/**/*.ts'], rules: { '@typescript-eslint/no-explicit-any': 'off' } },
]
