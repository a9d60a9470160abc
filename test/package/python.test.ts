import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { memorySource, openSafetensors } from '../../src/formats/index.js';
import { SHARE_COLUMNS } from '../../src/measure/share-columns.js';
import { KEY_COLUMNS } from '../../src/measure/share-table.js';
import { CHANCE, COSTS, HEADS, INFLUENCE, PROBES, ROUNDS } from '../../src/study/folder/result-tables.js';
import { fixture, succeed, temporaryFile, temporaryFolder } from '../cli/holdfast.js';
import { linesOf, makePlace } from '../study/stub-study.js';

/** Tests the Python package, in `python/`. Most need no Python: they compare what it reads with what Holdfast writes. */
const root = fileURLToPath(new URL('../../', import.meta.url));
const text = (path: string): string => readFileSync(join(root, path), 'utf8');

/** A pattern of JSON values, as `python/holdfast/json_files.py` describes it. */
type Pattern = string | readonly [Pattern] | { readonly [key: string]: Pattern };
type Columns = Readonly<Record<string, string>>;
interface Formats {
  readonly trace: {
    readonly format: string;
    readonly record: Pattern;
    readonly tensors: Readonly<
      Record<string, { readonly type: string; readonly shape: readonly [string, ...string[]] }>
    >;
  };
  readonly measurement: {
    readonly format: string;
    readonly 'summary.json': Pattern;
    readonly 'dialogues.jsonl': Pattern;
    readonly tables: Readonly<Record<string, Columns>>;
  };
  readonly study: {
    readonly format: string;
    readonly 'study.json': Pattern;
    readonly 'plan.jsonl': Pattern;
    readonly 'results.jsonl': Pattern;
    readonly failure: Pattern;
    readonly tables: Readonly<Record<string, Columns>>;
  };
}
const formats: Formats = JSON.parse(text('python/holdfast/formats.json'));

/** Returns the places where a value does not fit a pattern. */
function misfits(value: unknown, pattern: Pattern, at = ''): string[] {
  if (typeof pattern === 'string') return pattern.split('|').some((type) => is(value, type)) ? [] : [at];
  if (isList(pattern)) {
    if (!Array.isArray(value)) return [at];
    return value.flatMap((item, index) => misfits(item, pattern[0], `${at}[${index}]`));
  }
  if (typeof value !== 'object' || value === null) return [at];
  const fields = new Map(Object.entries(value));
  return Object.entries(pattern).flatMap(([key, of]) => {
    const name = key.replace(/\?$/, '');
    return (name === '*' ? [...fields.keys()] : [name]).flatMap((each) => {
      if (!fields.has(each)) return [`${at}.${each}`];
      if (fields.get(each) === null && key.endsWith('?')) return [];
      return misfits(fields.get(each), of, `${at}.${each}`);
    });
  });
}
const isList = (pattern: Pattern): pattern is readonly [Pattern] => Array.isArray(pattern);
const is = (value: unknown, type: string): boolean =>
  type === 'null' ? value === null : type === 'integer' ? Number.isInteger(value) : typeof value === type;

const MESSAGES = [
  { role: 'system', content: 'You are the keeper of the rope. Hold fast.' },
  { role: 'user', content: 'Where does it end?' },
  { role: 'assistant', content: 'hold fast' },
  { role: 'user', content: 'And now?' },
  { role: 'assistant', content: 'hold' },
];
const LLAMA = [fixture('models/llama'), '--executor', 'reference'];

it('a value that does not fit its pattern is found, with its place', () => {
  const pattern: Pattern = { rows: [{ 'share?': 'number', name: 'string|null' }], '*': 'string|null' };
  expect(misfits({ rows: [{ share: null, name: 'a' }] }, { rows: [{ 'share?': 'number' }] })).toEqual([]);
  expect(misfits({ rows: [{ share: 'x' }], note: 1 }, pattern)).toEqual([
    '.rows[0].share',
    '.rows[0].name',
    '.rows',
    '.note',
  ]);
});

describe('the Python package reads', () => {
  it('the tensors and the record of a trace', async () => {
    const path = join(temporaryFolder(), 'trace.safetensors');
    const chat = temporaryFile('chat.json', MESSAGES.slice(0, 2));
    const all = ['--attention', 'all', '--hidden', '--generate', '2'];
    await succeed(['trace', ...LLAMA, '--chat', chat, ...all, '--out', path]);
    const { tensors, metadata } = await openSafetensors(
      memorySource(new Uint8Array(readFileSync(path)), path),
    );
    const record = Object.fromEntries(
      [...metadata].map(([key, value]) => [key, JSON.parse(String(value))] as const),
    );
    expect(misfits(record, formats.trace.record)).toEqual([]);
    expect(record.format).toBe(formats.trace.format);
    const sizes = new Map<string, number>([
      ['tokens', record.tokens.length],
      ['spans', record.spans.length],
    ]);
    const kinds = new Set<string>();
    for (const { name, type, shape } of tensors.values()) {
      const kind = name.replace(/^(attention|hidden)\.\d+$/, '$1');
      kinds.add(kind);
      const known = formats.trace.tensors[kind]!;
      expect(type, name).toBe(known.type);
      for (const [at, dimension] of known.shape.entries()) {
        if (!sizes.has(dimension)) sizes.set(dimension, shape[at]!);
      }
      expect(shape, name).toEqual(known.shape.map((dimension) => sizes.get(dimension)));
    }
    expect([...kinds].sort()).toEqual(Object.keys(formats.trace.tensors).sort());
  });

  it('the summary, the dialogues and the shares of a measurement', async () => {
    const out = join(temporaryFolder(), 'decay');
    const chat = temporaryFile('chat.json', { messages: MESSAGES });
    await succeed(['measure', ...LLAMA, '--chat', chat, '--as-written', '--out', out]);
    const summary = JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8'));
    expect(misfits(summary, formats.measurement['summary.json'])).toEqual([]);
    expect(summary.format).toBe(formats.measurement.format);
    const dialogues = linesOf(join(out, 'dialogues.jsonl'));
    expect(dialogues.flatMap((line) => misfits(line, formats.measurement['dialogues.jsonl']))).toEqual([]);
    expect(formats.measurement.tables).toEqual({
      shares: {
        ...Object.fromEntries(KEY_COLUMNS.map((name) => [name, 'int32'])),
        ...Object.fromEntries(SHARE_COLUMNS.map((name) => [name, name === 'random' ? 'float?' : 'float'])),
      },
    });
  });

  it('the files of a study, and every column of its tables in order', async () => {
    const place = makePlace();
    const spec = place.spec({ name: 'tiny', dialogues: 2, arms: { off: 'o', throws: 't' }, costs: 1 });
    await place.run(['run', spec, '--out', 'out']);
    const study = JSON.parse(readFileSync(place.at('out/study.json'), 'utf8'));
    expect(misfits(study, formats.study['study.json'])).toEqual([]);
    expect(study.format).toBe(formats.study.format);
    const plan = linesOf(place.at('out/plan.jsonl'));
    expect(plan.flatMap((line) => misfits(line, formats.study['plan.jsonl']))).toEqual([]);
    const results = linesOf(place.at('out/results.jsonl')) as { readonly kind: string }[];
    expect(results.flatMap((line) => misfits(line, formats.study['results.jsonl']))).toEqual([]);
    const failures = results.filter(({ kind }) => kind === 'failure');
    expect(failures.length).toBeGreaterThan(0);
    expect(failures.flatMap((line) => misfits(line, formats.study.failure))).toEqual([]);
    const typeOf = (type: string, nullable: boolean): string => type.toLowerCase() + (nullable ? '?' : '');
    const tables = [ROUNDS, PROBES, CHANCE, COSTS, INFLUENCE, HEADS].map(({ name, columns }) => [
      name,
      columns.map((column) => [column.name, typeOf(column.type, column.nullable)]),
    ]);
    const read = Object.entries(formats.study.tables).map(([name, columns]) => [
      name,
      Object.entries(columns),
    ]);
    expect(read).toEqual(tables);
  });
});

describe('the Python package', () => {
  it('has the version and the licence of Holdfast', () => {
    const { version } = JSON.parse(text('package.json'));
    expect(/^version = "(.+)"$/m.exec(text('python/pyproject.toml'))?.[1]).toBe(version);
    expect(/^__version__ = "(.+)"$/m.exec(text('python/holdfast/__init__.py'))?.[1]).toBe(version);
    expect(text('python/LICENSE')).toBe(text('LICENSE'));
  });

  const python = process.env.HOLDFAST_PYTHON ?? 'python3';
  /** Returns the modules that Python lacks; null if there is no Python. */
  const lacks = (...modules: readonly string[]): string | null => {
    const program =
      'import sys, importlib.util as u; print(*[m for m in sys.argv[1:] if u.find_spec(m) is None])';
    const { status, stdout } = spawnSync(python, ['-c', program, ...modules], { encoding: 'utf8' });
    return status === 0 ? stdout.trim() : null;
  };
  const reasonToSkip = (...modules: readonly string[]): string | null => {
    const missing = lacks(...modules);
    if (missing === '') return null;
    const reason = missing === null ? `${python} does not run` : `${python} has no ${missing}`;
    return `${reason}; HOLDFAST_PYTHON names another Python`;
  };
  /** Runs Python in `python/`; returns what it wrote. */
  const run = (...words: readonly string[]): { readonly status: number | null; readonly output: string } => {
    const { status, stdout, stderr } = spawnSync(python, words, {
      cwd: join(root, 'python'),
      encoding: 'utf8',
    });
    return { status, output: stdout + stderr };
  };
  const READER = ['numpy', 'pandas', 'pyarrow'];

  const noTests = reasonToSkip(...READER, 'pytest');
  it.skipIf(noTests !== null)(
    `passes its own tests ${noTests === null ? '' : `(skipped: ${noTests})`}`,
    () => {
      const { status, output } = run('-m', 'pytest', '-q', '-p', 'no:cacheprovider');
      expect(output).toMatch(/^\d+ passed/m);
      expect(status, output).toBe(0);
    },
  );

  const noNotebook = reasonToSkip(...READER, 'matplotlib', 'nbclient', 'ipykernel');
  it.skipIf(noNotebook !== null)(
    `has a notebook that runs ${noNotebook === null ? '' : `(skipped: ${noNotebook})`}`,
    () => {
      const { status, output } = run('examples/execute.py');
      expect(status, output).toBe(0);
    },
  );

  for (const [what, reason] of [
    ['the tests of the Python package', noTests],
    ['the notebook', noNotebook],
  ]) {
    if (reason !== null) console.log(`skipped: ${what}: ${reason}`);
  }
});
