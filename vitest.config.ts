import { defineConfig } from 'vitest/config';

// Vitest hands these to its workers' Node as well, so `import` must not be among them: Node would take it for `require()` too.
const conditions = ['@lianyun/source', 'node', 'module', 'default'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'scenarios/**/*.test.ts', 'examples/**/*.test.ts', 'docs/**/*.test.ts', 'golden/**/*.test.ts'],
    testTimeout: 20_000,
    maxWorkers: 2,
  },
});
