import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{protocol,runtime,supervisors,actors,nodes,config,tests}/**/*.test.ts'],
    globalSetup: ['tests/nats-server.setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Tests that start processes share two cores with the rest in CI; more workers only add waiting.
    maxWorkers: process.env['CI'] ? 2 : 4,
    reporters: process.env['CI']
      ? ['default', ['json', { outputFile: '.cache/vitest-report.json' }]]
      : ['default'],
  },
});
