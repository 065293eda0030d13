// Lint rules. What a rule here enforces is said in CONTRIBUTING.md; why, beside the rule.
import tseslint from 'typescript-eslint';

const typescript = ['**/*.ts'];
const tests = ['**/*.test.ts', 'scenarios/support/core*.ts'];
const sources = ['packages/*/src/**/*.ts'];
const engine = ['packages/{protocol,device,platform}/src/**/*.ts'];

// Tests run by a clock of their own: time and chance have one door.
const clockNames = ['setTimeout', 'setInterval', 'Date.now', 'Math.random', 'performance.now', 'process.hrtime', 'AbortSignal.timeout'];
const askTheClock = 'Time and chance come from the injected Clock (clock.ts).';
const globalObjects = ['globalThis', 'global'];
const properties = clockNames.flatMap((name) => {
  const [object, property] = name.split('.');
  return property === undefined ? globalObjects.map((each) => ({ object: each, property: object })) : [{ object, property }];
});

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', 'coverage/**', 'bench/results/**'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },

  // Every file, plain JavaScript too
  {
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-constant-condition': ['error', { checkLoops: false }],
      'no-dupe-keys': 'error',
      'no-fallthrough': 'error',
      'no-self-compare': 'error',
      'no-template-curly-in-string': 'error',
      'no-undef-init': 'error',
      'no-unreachable': 'error',
      'no-unsafe-finally': 'error',
      'no-useless-rename': 'error',
      'no-var': 'error',
      'object-shorthand': ['error', 'properties'],
      'prefer-const': ['error', { destructuring: 'all', ignoreReadBeforeAssign: true }],
    },
  },
  {
    files: ['**/*.{js,mjs,cjs}'],
    rules: { 'no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_' }] },
  },
  {
    // Must parse on Node.js 12, which has no `?.` and no `??` (both ES2020, as import() and import.meta are).
    files: ['packages/cli/bin/*.js'],
    languageOptions: { ecmaVersion: 2020 },
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: 'ChainExpression', message: 'Node.js 12 does not parse this.' },
        { selector: 'LogicalExpression[operator="??"]', message: 'Node.js 12 does not parse this.' },
        { selector: 'ImportDeclaration[source.value=/^node:/]', message: 'Older Node.js 12 versions do not know the node: prefix.' },
        { selector: ':matches(ExportNamedDeclaration, ExportDefaultDeclaration, ExportAllDeclaration)', message: 'The launcher exports nothing.' },
      ],
    },
  },

  // TypeScript, with types
  {
    files: typescript,
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/ban-ts-comment': ['error', { 'ts-expect-error': true, 'ts-ignore': true, 'ts-nocheck': true }],
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/no-explicit-any': 'error',
      // A describe or it of node:test or vitest returns nothing to wait for; `void promise` says that nobody waits on purpose.
      '@typescript-eslint/no-floating-promises': ['error', { checkThenables: true, ignoreVoid: true }],
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_', destructuredArrayIgnorePattern: '^_' },
      ],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/prefer-promise-reject-errors': 'error',
      // A handler may be asynchronous by its type and have nothing to wait for today.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: false }],
      // Options and table rows are plain objects that are taken apart everywhere; a lost `this` of a class with # members throws at once.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: sources,
    rules: {
      'no-restricted-exports': [
        'error',
        { restrictDefaultExports: { direct: true, named: true, defaultFrom: true, namedFrom: true, namespaceFrom: true } },
      ],
    },
  },
  {
    files: sources,
    ignores: [...tests, '**/rows*.ts', '**/*.fixtures.ts'],
    rules: { 'max-lines': ['error', 300] },
  },
  {
    files: sources,
    // Tencent's face has the parameters of the vendor's methods, in their order.
    ignores: [...tests, '**/src/mqtt/**', '**/src/tencent/{hub-connection,hub,explorer}.ts'],
    rules: { '@typescript-eslint/max-params': ['error', { max: 4 }] },
  },
  {
    files: engine,
    ignores: tests,
    rules: { 'no-console': 'error' },
  },
  {
    files: engine,
    ignores: [...tests, '**/clock.ts'],
    rules: {
      'no-restricted-globals': ['error', ...['setTimeout', 'setInterval'].map((name) => ({ name, message: askTheClock }))],
      'no-restricted-imports': [
        'error',
        {
          paths: ['timers', 'node:timers', 'timers/promises', 'node:timers/promises', 'perf_hooks', 'node:perf_hooks'].map((name) => ({
            name,
            message: askTheClock,
          })),
        },
      ],
      'no-restricted-properties': ['error', ...properties.map((each) => ({ ...each, message: askTheClock }))],
      'no-restricted-syntax': [
        'error',
        { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: askTheClock },
        { selector: 'CallExpression[callee.name="Date"]', message: askTheClock },
      ],
    },
  },
  {
    files: tests,
    rules: {
      '@typescript-eslint/ban-ts-comment': ['error', { 'ts-expect-error': 'allow-with-description', minimumDescriptionLength: 3 }],
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      // scripts/test.mjs counts what did not run; these hide tests from it or from a reader.
      'no-restricted-properties': [
        'error',
        ...['describe', 'it', 'test'].flatMap((object) =>
          ['only', 'skip', 'skipIf', 'runIf', 'todo', 'fails'].map((property) => ({
            object,
            property,
            message: 'A test runs or is not there; one that needs a foreign program goes through describeForeign (scenarios/support/foreign.ts).',
          })),
        ),
      ],
    },
  },
);
