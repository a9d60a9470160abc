import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { root } from './serve.js';

const PAGE = `${root}dist/studio/page/`;
const ASSETS = `${PAGE}assets/`;
const KB = 1000;

const text = (name: string): string => readFileSync(`${ASSETS}${name}`, 'utf8');
const assets = readdirSync(ASSETS);

/** Returns an asset by the name that the source gives it. */
const asset = (name: string, ending = 'js'): string => {
  const [found, ...others] = assets.filter((file) => new RegExp(`^${name}-[^.]+\\.${ending}$`).test(file));
  expect([found, others], name).toEqual([expect.any(String), []]);
  return found!;
};

/** Returns a script and all that it imports at once. */
function withImports(name: string, seen = new Set<string>()): ReadonlySet<string> {
  seen.add(name);
  for (const [, file] of text(name).matchAll(/(?:from|import)\s*["'`]\.\/([\w-]+\.js)["'`]/g)) {
    if (!seen.has(file!)) withImports(file!, seen);
  }
  return seen;
}

const gzipped = (files: Iterable<string>): number =>
  [...files].reduce((sum, file) => sum + gzipSync(readFileSync(`${ASSETS}${file}`), { level: 9 }).length, 0);

const without = (files: ReadonlySet<string>, others: ReadonlySet<string>): string[] =>
  [...files].filter((file) => !others.has(file));

describe('the built studio', () => {
  const page = new Set([...withImports(asset('index')), asset('index', 'css')]);
  const engine = withImports(asset('worker'));
  const markdown = without(withImports(asset('lexer')), page);
  const gpu = without(withImports(asset('gpu')), engine);

  it('has a page of at most 150 kB, gzipped, without the engine', () => {
    expect(gzipped([...page, ...markdown])).toBeLessThanOrEqual(150 * KB);
  });

  it('loads the engine in a worker, which only a page without a server opens', () => {
    expect(without(engine, page).sort()).toEqual([...engine].sort());
    expect(readFileSync(`${PAGE}index.html`, 'utf8')).not.toMatch(/assets\/worker|modulepreload/);
    const opened = [...page].filter((file) => text(file).includes(asset('worker')));
    expect(opened).toEqual([asset('index')]);
    expect(text(asset('index')).match(/new Worker\(/g)).toHaveLength(1);
  });

  it('has the sizes that the guide says', () => {
    const guide = readFileSync(`${root}docs/guide/studio.md`, 'utf8');
    const [, ...said] =
      /the page is (\d+) kB, and Markdown (\d+) kB more\..* is (\d+) kB, and (\d+) kB more\s+where there is WebGPU/s
        .exec(guide)!
        .map(Number);
    const measured = [[...page], markdown, [...engine], gpu].map((files) => gzipped(files) / KB);
    for (const [at, size] of measured.entries()) {
      expect(Math.abs(size - said[at]!), `${size} kB, but the guide says ${said[at]}`).toBeLessThan(5);
    }
  });

  it('says in errors what to do in a browser: it names commands only as what files come from, or go to', () => {
    const scripts = new Set([
      ...engine,
      ...gpu,
      ...assets.filter((file) => /^(opened-trace|written)/.test(file)),
    ]);
    const hints = [...scripts].flatMap((file) =>
      [...text(file).matchAll(/hint:(["'`])(.*?)\1/g)].map(([, , hint]) => hint!),
    );
    expect(hints.length).toBeGreaterThan(20);
    const ofCommands = hints.filter((hint) => /holdfast |--[a-z]|\bcpu\b|\bonnx\b|\bggml-/.test(hint));
    expect([...new Set(ofCommands)].sort()).toEqual([
      'Give a file that holdfast trace wrote',
      // These two are of tokens without a dialogue, which a page does not have.
      'Name one, --target sink or START:END: plain tokens have no system prompt',
      'Start holdfast studio',
      'Trace a dialogue (--chat), or name the tokens: --target sink, or START:END',
      'Use it with holdfast chat',
      'Write one with holdfast trace --chat',
      'Write one with holdfast trace and its option --chat or --target',
      'holdfast calibrate writes such files',
    ]);
    expect(hints.join('\n')).not.toMatch(/doctor|npm |terminal|command line/);
    expect(hints).toContainEqual(expect.stringContaining("browser's settings"));
  });
});
