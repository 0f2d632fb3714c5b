// How the pages are built. `base: ''` makes every address relative, so that any path prefix works.
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const server = process.env.HYDROPHONE_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  base: '',
  plugins: [react()],
  build: { modulePreload: { polyfill: false }, assetsInlineLimit: 0, chunkSizeWarningLimit: 700 },
  server: { proxy: { '/api': server, '/-': server, '/charts': server } },
  // A machine that compiles beside it takes many times as long: that is no failure.
  test: { include: ['src/**/*.test.ts'], environment: 'node', env: { TZ: 'UTC' }, testTimeout: 60_000 },
});
