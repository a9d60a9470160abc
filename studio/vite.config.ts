import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { bundledLicences } from './licences.js';

const inRepository = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const { version } = JSON.parse(readFileSync(inRepository('../package.json'), 'utf8')) as { version: string };

const licences = bundledLicences();

/** Builds the studio's page into the package: `dist/studio/page`, with addresses relative to the page. */
export default defineConfig({
  root: inRepository('.'),
  base: './',
  // The build puts `src` and `kernels` into one folder, so `src` imports kernels by the path that they have there.
  resolve: { alias: [{ find: /^(?:\.\.\/)+kernels\//, replacement: inRepository('../kernels/') }] },
  // A browser has no process, so what errors say elsewhere is left out.
  define: { __VERSION__: JSON.stringify(version), 'globalThis.process': 'undefined' },
  plugins: [licences.page],
  worker: { format: 'es', plugins: () => [licences.worker] },
  build: {
    outDir: inRepository('../dist/studio/page'),
    emptyOutDir: true,
    target: 'es2023',
    // A policy without `unsafe-inline` refuses images and scripts inside the page.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  logLevel: 'warn',
});
