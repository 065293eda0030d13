// The import rule (docs/architecture.md): who may import whom. `npm test` runs it over packages, scenarios, examples and bench.
const { readFileSync } = require('node:fs');
const path = require('node:path');

const packages = ['protocol', 'device', 'platform', 'cli'];
const tests = '[.]test[.]ts$';
const testsAndFixtures = '[.](test|fixtures)[.]ts$';
const source = (name) => `^packages/${name}/`;
const npm = (name) => `(^|/)node_modules/${name}/`;
// `dynamic` and `require` imports count like any other; so do type imports (tsPreCompilationDeps).

/** The files that package.json `exports` opens to others, as the condition @lianyun/source names them. */
function doors(name) {
  const manifest = JSON.parse(readFileSync(path.join(__dirname, 'packages', name, 'package.json'), 'utf8'));
  return Object.values(manifest.exports ?? {}).map((entry) => path.posix.join('packages', name, entry['@lianyun/source']));
}

const escape = (text) => text.replace(/[.]/g, '[.]');

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'protocol-imports-no-other-package',
      comment: 'protocol is the bottom: device, platform and cli stand on it.',
      severity: 'error',
      from: { path: source('protocol') },
      to: { path: source('(device|platform|cli)') },
    },
    {
      name: 'protocol-touches-no-system',
      comment: 'protocol opens no socket and no file: the only built-in it uses is node:buffer, and node:crypto to sign in.',
      severity: 'error',
      from: { path: '^packages/protocol/src/', pathNot: [tests, '/sign-in[^/]*[.]ts$'] },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?buffer$' },
    },
    {
      name: 'sign-in-touches-nothing-but-crypto',
      severity: 'error',
      from: { path: '^packages/protocol/src/.*sign-in[^/]*[.]ts$', pathNot: tests },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(buffer|crypto)$' },
    },
    {
      name: 'device-never-imports-platform',
      comment: 'Each end is a real test of the other as long as they share nothing but protocol.',
      severity: 'error',
      from: { path: source('device') },
      to: { path: source('platform') },
    },
    {
      name: 'platform-never-imports-device',
      comment: 'Each end is a real test of the other as long as they share nothing but protocol.',
      severity: 'error',
      from: { path: source('platform') },
      to: { path: source('device') },
    },
    {
      name: 'nobody-imports-cli',
      comment: 'cli puts the others together; it is started, never imported.',
      severity: 'error',
      from: { pathNot: source('cli') },
      to: { path: source('cli') },
    },
    ...packages.map((name) => ({
      name: `${name}-only-through-its-doors`,
      comment: 'Other packages see what package.json exports, by the package name.',
      severity: 'error',
      from: { pathNot: source(name) },
      to: { path: source(name), pathNot: doors(name).map((file) => `^${escape(file)}$`) },
    })),
    {
      name: 'packages-by-name',
      comment: 'Another package is imported by its name, not by a path to its files.',
      severity: 'error',
      from: { path: '^(?:packages/([^/]+)|scenarios|examples|bench|docs|golden)/' },
      to: { path: '^packages/', pathNot: '^packages/$1/', dependencyTypes: ['local'], dependencyTypesNot: ['aliased-workspace'] },
    },
    {
      name: 'no-cycle',
      comment: 'Files that import each other cannot be understood one at a time.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'source-never-imports-tests',
      severity: 'error',
      from: { path: '^packages/[^/]+/(src|bin)/', pathNot: testsAndFixtures },
      to: { path: [testsAndFixtures, '^(scenarios|examples|bench)/'] },
    },
    {
      name: 'nobody-imports-a-test',
      severity: 'error',
      from: {},
      to: { path: tests },
    },
    {
      name: 'valibot-in-protocol-and-platform',
      severity: 'error',
      from: { pathNot: source('(protocol|platform)') },
      to: { path: npm('valibot') },
    },
    {
      name: 'fastify-in-platform',
      severity: 'error',
      from: { pathNot: source('platform') },
      to: { path: npm('fastify') },
    },
    {
      name: 'asn1js-in-platform',
      severity: 'error',
      from: { pathNot: source('platform') },
      to: { path: npm('asn1js') },
    },
    {
      name: 'commander-in-cli',
      severity: 'error',
      from: { pathNot: source('cli') },
      to: { path: npm('commander') },
    },
    {
      name: 'resolvable',
      comment: 'An import that leads nowhere, or past the exports of a package, would pass every other rule unseen.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '/dist/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    moduleSystems: ['es6', 'cjs', 'tsd'],
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@lianyun/source', 'node', 'import', 'require', 'types', 'default'],
      mainFields: ['module', 'main', 'types'],
      extensions: ['.ts', '.mjs', '.js', '.cjs', '.json', '.d.ts'],
    },
  },
};
