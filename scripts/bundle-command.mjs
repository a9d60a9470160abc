#!/usr/bin/env node
/**
 * Puts the modules of the command and of its threads together into few files, since loading hundreds of them takes most of the time that
 * a command needs to start. Replaces `dist/cli/main.js`; everything else of it is in `dist/command`. The library's modules stay as they
 * are, and packages are not bundled. A part of `npm run build`
 */
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
/** Threads are started from files beside the one that starts them. So all but the command itself is in one folder. */
const ENTRIES = {
  main: 'cli/main.js',
  worker: 'cli/demo/worker.js',
  thread: 'study/run/thread.js',
  cells: 'study/run/cells.js',
};
const COMMAND = 'command/[name].js';

const bundle = await rolldown({
  input: Object.fromEntries(Object.entries(ENTRIES).map(([name, path]) => [name, join(dist, path)])),
  platform: 'node',
  // Its own helpers have names that begin with a zero byte.
  external: (id) =>
    !isAbsolute(id) && !id.startsWith('.') && !id.startsWith('\0') && !id.startsWith('@oxc-project/'),
});
await bundle.write({
  dir: dist,
  entryFileNames: ({ name }) => (name === 'main' ? ENTRIES.main : COMMAND),
  chunkFileNames: COMMAND,
  // Nobody reads them here, and they would be a fifth of the files.
  comments: { jsdoc: false, legal: true, annotation: false },
});
await bundle.close();
