import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Writes the address of every module that is loaded to standard error. */
const HOOKS = `
  import { writeSync } from 'node:fs';
  export const load = (url, context, next) => { writeSync(2, url + '\\n'); return next(url, context); };
`;
const dataUrl = (program: string): string => `data:text/javascript,${encodeURIComponent(program)}`;
const REGISTER = `import { register } from 'node:module'; register(${JSON.stringify(dataUrl(HOOKS))});`;

/** Returns what the built command loads: its own modules, which are together in few files, and packages, sorted. */
function loaded(...args: readonly string[]): string[] {
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--import', dataUrl(REGISTER), `${root}dist/cli/main.js`, ...args],
    { encoding: 'utf8' },
  );
  expect(status, stderr).toBe(0);
  const names = stderr
    .trim()
    .split('\n')
    .map((url) => url.replace(/^file:\/\//, ''))
    .flatMap((path) => (path.startsWith(`${root}dist/`) ? modulesIn(path) : path))
    .map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? path);
  return [...new Set(names)].sort();
}

/** Returns the modules that were put together into a file. */
const modulesIn = (file: string): string[] =>
  [...readFileSync(file, 'utf8').matchAll(/^\/\/ dist\/(.*)$/gm)].map(([, name]) => name!);

/** Every module here is paid for by every command: load what only some need with `import()`, or in a command's own room. */
const START = [
  'cli/commands.js',
  'cli/main.js',
  'cli/run.js',
  'cli/terminal/failure.js',
  'cli/terminal/live-line.js',
  'cli/terminal/output.js',
  'cli/terminal/verbosity.js',
  'cli/user-folders.js',
  'commander',
  'errors.js',
  'node:crypto',
  'node:fs',
  'node:os',
  'node:path',
  'notes.js',
  'visible.js',
];

it.each([[['--help']], [['help']]])('%j loads only what every command needs', (args) => {
  expect(loaded(...args)).toEqual(START);
});
