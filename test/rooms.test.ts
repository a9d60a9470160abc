import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

interface Room {
  readonly name: string;
  readonly browser: boolean;
}

/** Reads the rooms from the table in docs/architecture.md, from top to bottom. */
function readRooms(markdown: string): Room[] {
  const table = markdown.slice(markdown.indexOf('\n## Rooms\n'), markdown.indexOf('\n## What a change'));
  return [...table.matchAll(/^\| `([\w/-]+)` *\| (yes|no) *\|/gm)].map(([, name, browser]) => ({
    name: name!,
    browser: browser === 'yes',
  }));
}

const ROOMS = readRooms(readFileSync(new URL('../docs/architecture.md', import.meta.url), 'utf8'));

/** Rooms of `cli` that every command may import. */
const SHARED_BY_COMMANDS = ['cli/user-folders', 'cli/terminal', 'cli/shares', 'cli/options', 'cli/running'];

/** Rooms without an index, whose files are imported directly: a kernel is a file. */
const WITHOUT_DOOR = ['kernels'];

/** Packages that also run in browsers. */
const BROWSER_PACKAGES = ['zod', '@huggingface/tokenizers', 'vega', 'vega-lite'];

interface Import {
  /** A file under `src`, without its ending. */
  readonly from: string;
  /** The module's name as written in the import. */
  readonly specifier: string;
}

/** Returns the room of a file: the longest room name that its path begins with. */
const roomOf = (file: string): string =>
  ROOMS.map(({ name }) => name)
    .filter((name) => file === name || file.startsWith(`${name}/`))
    .sort((a, b) => b.length - a.length)[0] ?? '';

const isCommand = (room: string): boolean => room.startsWith('cli/') && !SHARED_BY_COMMANDS.includes(room);

const positionOf = (room: string): number => ROOMS.findIndex(({ name }) => name === room);

/** Returns what is wrong with an import; null if nothing is. */
function complaint({ from, specifier }: Import): string | null {
  const room = roomOf(from);
  const at = ROOMS[positionOf(room)];
  if (at === undefined) return `${from} is in no room: add it to the table`;
  if (!specifier.startsWith('.')) return packageComplaint(from, specifier, at.browser);
  const to = posix.join(posix.dirname(from), specifier).replace(/\.js$/, '');
  const other = roomOf(to);
  if (other === room) return null;
  if (positionOf(other) >= positionOf(room)) return `${from} imports ${to}, which is not above it`;
  if (isCommand(room) && isCommand(other)) return `${from} imports ${to}, another command`;
  const door = to === other || to === `${other}/index` || WITHOUT_DOOR.includes(other);
  if (!door) return `${from} imports ${to}, not through the index of ${other}`;
  if (at.browser && !ROOMS[positionOf(other)]!.browser) return `${from} runs in browsers, ${to} does not`;
  return null;
}

function packageComplaint(from: string, specifier: string, browser: boolean): string | null {
  if (!browser) return null;
  if (specifier.startsWith('node:') || builtinModules.includes(specifier)) {
    return `${from} runs in browsers, ${specifier} is Node's`;
  }
  return BROWSER_PACKAGES.includes(specifier)
    ? null
    : `${from} imports ${specifier}, not known to run in browsers`;
}

/** Returns everything that a source imports, re-exports or imports dynamically. */
function specifiersOf(source: string): string[] {
  const statements = /^(?:import|export)\s(?:[^;'"]*?\sfrom\s)?\s*['"]([^'"]+)['"]/gm;
  const dynamic = /\bimport\(\s*['"]([^'"]+)['"]/g;
  return [...source.matchAll(statements), ...source.matchAll(dynamic)].map((match) => match[1]!);
}

/** Returns a circle of imports, with its first file again at the end; null if there is none. */
function circleIn(importsOf: ReadonlyMap<string, readonly string[]>): string[] | null {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): string[] | null => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return null;
    for (const next of importsOf.get(file) ?? []) {
      const circle = visit(next, [...path, file]);
      if (circle !== null) return circle;
    }
    done.add(file);
    return null;
  };
  for (const file of importsOf.keys()) {
    const circle = visit(file, []);
    if (circle !== null) return circle;
  }
  return null;
}

const src = fileURLToPath(new URL('../src/', import.meta.url));
const kernels = fileURLToPath(new URL('../kernels/', import.meta.url));
const sourcesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
const files = sourcesIn(src);
/** Sources by the path that they are built to: kernels are built beside the rooms of `src`. */
const SOURCES = new Map([
  ...files.map((file) => [file, src + file] as const),
  ...sourcesIn(kernels).map((file) => [`kernels/${file}`, kernels + file] as const),
]);

describe('the rooms of src', () => {
  it('are exactly the rooms in the table', () => {
    expect(ROOMS.length).toBeGreaterThan(40);
    const places = [...SOURCES.keys()];
    const empty = ROOMS.filter(
      ({ name }) => !places.some((file) => file === `${name}.ts` || file.startsWith(`${name}/`)),
    );
    expect(empty).toEqual([]);
  });

  it('import only rooms above them, through their index, and nothing from Node if they run in browsers', () => {
    const complaints = [...SOURCES].flatMap(([file, path]) => {
      const from = file.replace(/\.ts$/, '');
      return specifiersOf(readFileSync(path, 'utf8')).map((specifier) => complaint({ from, specifier }));
    });
    expect(complaints.length, 'imports found').toBeGreaterThan(100);
    expect(complaints.filter((found) => found !== null)).toEqual([]);
  });

  it('have no circular imports', () => {
    const importsOf = new Map(
      [...SOURCES].map(([file, path]) => [
        file,
        specifiersOf(readFileSync(path, 'utf8'))
          .filter((specifier) => specifier.startsWith('.'))
          .map((specifier) => posix.join(posix.dirname(file), specifier).replace(/\.js$/, '.ts')),
      ]),
    );
    expect(circleIn(importsOf)).toBeNull();
    const circle = new Map([
      ['a', ['b']],
      ['b', ['c', 'd']],
      ['c', []],
      ['d', ['b']],
    ]);
    expect(circleIn(circle)).toEqual(['b', 'd', 'b']);
  });

  it('begin with a paragraph that says what the room is for', () => {
    const doors = files.filter((file) => file.endsWith('/index.ts') || file === 'cli/main.ts');
    expect(doors.length).toBeGreaterThan(7);
    for (const door of doors) {
      const source = readFileSync(src + door, 'utf8').replace(/^#!.*\n/, '');
      expect(source, door).toMatch(/^\/\*\*[\s\S]{60,}?\*\//);
    }
  });
});

describe('the rule itself', () => {
  const told = (from: string, specifier: string): string => complaint({ from, specifier }) ?? 'fine';

  it('allows rooms above, and everything inside a room', () => {
    expect(told('engine/session', '../executors/index.js')).toBe('fine');
    expect(told('text/layout', './span.js')).toBe('fine');
    expect(told('executors/onnx/graph', './protobuf.js')).toBe('fine');
    expect(told('executors/onnx/executor', '../contract/index.js')).toBe('fine');
    expect(told('executors/gpu/programs', '../../kernels/linear.js')).toBe('fine');
    expect(told('cli/chat/index', '../options/index.js')).toBe('fine');
    expect(told('load', './executors/onnx/index.js')).toBe('fine');
    expect(told('hub/open', 'node:fs')).toBe('fine');
    expect(told('text/template', 'zod')).toBe('fine');
  });

  it('refuses rooms below, imports past the index, and what does not run in browsers', () => {
    expect(told('formats/gguf', '../text/index.js')).toMatch(/not above it/);
    expect(told('attention/policy', '../executors/index.js')).toMatch(/not above it/);
    expect(told('executors/index', './onnx/index.js')).toMatch(/not above it/);
    expect(told('engine/session', '../text/layout.js')).toMatch(/not through the index/);
    expect(told('trace/run', '../executors/contract/precision.js')).toMatch(/not through the index/);
    expect(told('executors/onnx/executor', '../contract/request.js')).toMatch(/not through the index/);
    expect(told('cli/study/compare', '../demo/index.js')).toMatch(/another command/);
    expect(told('cli/demo/next', '../study/index.js')).toMatch(/not above it/);
    expect(told('text/layout', '../hub/index.js')).toMatch(/runs in browsers/);
    expect(told('dialogue/chat', '../executors/onnx/index.js')).toMatch(/runs in browsers/);
    expect(told('text/layout', 'node:fs')).toMatch(/Node's/);
    expect(told('engine/session', 'fs')).toMatch(/Node's/);
    expect(told('executors/contract/contract', 'onnxruntime-node')).toMatch(/not known to run/);
    expect(told('attic/box', '../errors.js')).toMatch(/in no room/);
  });

  it('finds every kind of import', () => {
    const source = [
      "import a from './a.js';",
      "import type { B } from './b.js';",
      "import {\n  c,\n  type D,\n} from './c.js';",
      "export * from './e.js';",
      "export { f } from './f.js';",
      "import './g.js';",
      "const h = await import('./h.js');",
      "export const text = 'no import';",
      "const from = 'elsewhere';",
    ].join('\n');
    const found = ['./a.js', './b.js', './c.js', './e.js', './f.js', './g.js', './h.js'];
    expect(specifiersOf(source)).toEqual(found);
  });
});
