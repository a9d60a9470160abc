import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('../../fuzz/main.mjs', import.meta.url));
const errors = new URL('../../dist-fuzz/errors.js', import.meta.url).href;
const limits = new URL('../../fuzz/limits.mjs', import.meta.url).href;
const MOST_MS = 600_000;
/** Longer, so that a test says what the run had printed until it was ended. */
const TEST_MS = MOST_MS + 10_000;

const fuzz = (...options: string[]) =>
  spawnSync(process.execPath, [script, ...options], { encoding: 'utf8', timeout: MOST_MS });

/** The short form of `npm run fuzz`, see docs/reliability.md: enough to notice a reader that no longer checks its input. */
it(
  'what reads foreign files and requests stands the kept inputs, and some hundred changed ones each',
  () => {
    const run = fuzz('all', '--runs', '400');
    expect(run.stderr).toBe('');
    const lines = run.stdout.trim().split('\n');
    expect(lines.map((line) => line.replace(/:.*/, ''))).toEqual([
      ...['config', 'dialogue', 'gguf-model', 'gguf', 'record', 'request', 'safetensors', 'server'],
      ...['studio', 'study', 'template', 'tokenizer'],
    ]);
    for (const line of lines) expect(line).toMatch(/ inputs, 400 of them new, .*, 0 findings /);
  },
  TEST_MS,
);

describe('the fuzzer finds a target', () => {
  /** What `read` does, what `check` does, and what is found. */
  const broken: Readonly<Record<string, readonly [read: string, check: string, found: RegExp]>> = {
    'that throws': ['null.length', '', /^TypeError: /],
    'that refuses what it has read': [
      '',
      'throw new HoldfastError("E_UNREADABLE", "late")',
      /E_UNREADABLE: late/,
    ],
    'whose seed is refused': ['throw new HoldfastError("E_UNREADABLE", "never")', '', /^Seed 0 is refused/],
    'that takes a large buffer': ['Buffer.allocUnsafe(2 ** 27)', '', /^Large: /],
    'that takes a slice of one': ['new Int16Array(2 ** 25).subarray(1).slice()', '', /^Large: /],
    'that takes much memory and drops it': [
      '',
      'Array.from({ length: 300 }, () => new Array(2 ** 16).fill(0))',
      /^Large: /,
    ],
    'that takes long': ['', 'for (const end = processorMs() + 1100; processorMs() < end; );', /^Slow: /],
    'that hangs': ['for (;;);', '', /takes more than 5 times the limit/],
    'that waits for a timer': [
      'await new Promise(() => setInterval(() => {}, 100))',
      '',
      /waits for more than/,
    ],
    'that waits for nothing': ['', 'await new Promise(() => {})', /exits with code/],
    'that ends the process': ['process.exit(0)', '', /exits with code 0/],
  };
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-fuzz-'));
  const nameOf = (what: string): string => what.replaceAll(' ', '-');
  let run: ReturnType<typeof fuzz>;

  /** Writes a target. @param more its other properties */
  const written = (what: string, read: string, check: string, more = ''): string => {
    const target = join(folder, `${nameOf(what)}.mjs`);
    writeFileSync(
      target,
      `import { existsSync, writeFileSync } from 'node:fs';
        import { HoldfastError } from ${JSON.stringify(errors)};
        import { processorMs } from ${JSON.stringify(limits)};
        export default {
          rooms: ['errors'],
          kind: 'bytes',
          seeds: () => [Buffer.from('a seed')],
          async read(bytes) { ${read} },
          async check(value, bytes) { ${check} },
          ${more}
        };`,
    );
    return target;
  };

  beforeAll(() => {
    const targets = Object.entries(broken).map(([what, [read, check]]) => written(what, read, check));
    run = fuzz(...targets, '--runs', '0');
  }, TEST_MS);
  afterAll(() => {
    for (const [, file] of run.stderr.matchAll(/--input (.*)/g)) rmSync(file!);
    rmSync(folder, { recursive: true });
  });

  it.each(Object.entries(broken))('%s', (what, [, , found]) => {
    expect(run.status).toBe(1);
    const name = nameOf(what);
    expect(run.stdout.split('\n').find((line) => line.startsWith(`${name}: `))).toMatch(
      /: 1 inputs, 0 of them new, .*, 1 findings /,
    );
    const reports = run.stderr.split(/--input .*\n/);
    expect(reports.find((report) => report.includes(`${name}.mjs`))?.trim()).toMatch(found);
  });

  it('whose native code ended the process, when it is run again', () => {
    const marker = join(folder, 'crashed');
    const crash = `if (!existsSync('${marker}')) { writeFileSync('${marker}', ''); process.kill(process.pid, 'SIGSEGV'); }`;
    const target = written('that crashes', crash, '', 'native: true,');
    expect(fuzz(target, '--runs', '0').signal).toBe('SIGSEGV');
    const again = fuzz(target, '--runs', '0');
    expect(again.stderr).toMatch(/An earlier run ended in this input/);
    const [, file] = /--input (.*)/.exec(again.stderr)!;
    expect(readFileSync(file!, 'utf8')).toBe('a seed');
    expect(fuzz(target, '--runs', '0').stderr).toBe('');
    rmSync(file!);
  });
});
