import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { bundledLicences } from './licences.js';

const inRepository = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Builds the program and the style of a trace's page, which `holdfast view` embeds: one script, one style sheet. */
export default defineConfig({
  root: inRepository('.'),
  plugins: [bundledLicences().page],
  build: {
    outDir: inRepository('../dist/trace-page/page'),
    emptyOutDir: true,
    target: 'es2023',
    modulePreload: false,
    cssCodeSplit: false,
    reportCompressedSize: false,
    rolldownOptions: {
      input: inRepository('src/trace/main.tsx'),
      output: { format: 'iife', entryFileNames: 'page.js', assetFileNames: 'page[extname]' },
    },
  },
  logLevel: 'warn',
});
