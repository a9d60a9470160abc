import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openGrowingFile } from './growing-file.js';
import { makeFolder } from './make-folder.js';
import { replaceFile, replaceFiles } from './replace-file.js';
import { writeWhole } from './write-whole.js';

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  return { ...real, open: vi.fn(real.open) };
});

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-files-'));
  vi.mocked(open).mockClear();
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await rm(folder, { recursive: true });
});

const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
/** Names of the files and folders that were opened for flushing. */
const opened = (): string[] => vi.mocked(open).mock.calls.map(([path]) => basename(String(path)));

describe('replaceFile', () => {
  it('leaves the old content in place until the new one is whole, then flushes file and folder', async () => {
    const path = join(folder, 'result');
    writeFileSync(path, 'old');
    await replaceFile(
      path,
      async (temporary) => {
        await writeFile(temporary, 'new');
        expect(read('result')).toBe('old');
      },
      { writer: 'me' },
    );
    expect(read('result')).toBe('new');
    expect(opened()).toEqual(['result.me.tmp', basename(folder)]);
    expect(readdirSync(folder)).toEqual(['result']);
  });

  it('keeps the old content and no temporary file if writing fails, and says what to do', async () => {
    const path = join(folder, 'result');
    writeFileSync(path, 'old');
    const failing = replaceFile(
      path,
      async (temporary) => {
        await writeFile(temporary, 'half');
        throw new Error('no space is left');
      },
      { hint: 'Make room' },
    );
    await expect(failing).rejects.toThrow(
      `E_UNWRITABLE: cannot write: no space is left (${path}). Make room`,
    );
    expect(read('result')).toBe('old');
    expect(readdirSync(folder)).toEqual(['result']);
  });

  it('lets two writers replace one file at once', async () => {
    const path = join(folder, 'result');
    const write = (text: string) => replaceFile(path, (temporary) => writeFile(temporary, text));
    await Promise.all([write('one'), write('two')]);
    expect(read('result')).toMatch(/^(one|two)$/);
    expect(readdirSync(folder)).toEqual(['result']);
  });

  it('names the one of several files that could not be renamed', async () => {
    mkdirSync(join(folder, 'b'));
    const paths = [join(folder, 'a'), join(folder, 'b')];
    const failing = replaceFiles(paths, async (temporaries) => {
      for (const temporary of temporaries) await writeFile(temporary, 'new');
    });
    await expect(failing).rejects.toMatchObject({ code: 'E_UNWRITABLE', file: paths[1] });
    expect(readdirSync(folder)).toEqual(['a', 'b']);
  });

  it('does not flush folders on Windows, which does not allow it', async () => {
    vi.stubGlobal('process', Object.create(process, { platform: { value: 'win32' } }));
    await writeWhole(join(folder, 'result'), [Buffer.from('new')]);
    await makeFolder(join(folder, 'one', 'two'));
    expect(read('result')).toBe('new');
    expect(readdirSync(join(folder, 'one'))).toEqual(['two']);
    expect(opened()).not.toContain(basename(folder));
  });
});

describe('makeFolder', () => {
  it('creates missing parent folders, and does not change existing ones', async () => {
    await makeFolder(join(folder, 'one', 'two'));
    await makeFolder(join(folder, 'one', 'two'));
    expect(readdirSync(join(folder, 'one'))).toEqual(['two']);
  });

  it('fails with E_UNWRITABLE where a file is in the way', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(makeFolder(join(folder, 'file', 'below'), 'Rename it')).rejects.toThrow(
      /^E_UNWRITABLE: .*Rename it$/,
    );
  });
});

describe('openGrowingFile', () => {
  it('takes its name when it is finished, and leaves nothing when it is discarded', () => {
    const path = join(folder, 'table');
    const discarded = openGrowingFile(path);
    discarded.append(Buffer.from('half'));
    discarded.discard();
    expect(readdirSync(folder)).toEqual([]);
    const finished = openGrowingFile(path);
    finished.append(Buffer.from('whole'));
    expect(readdirSync(folder)).not.toContain('table');
    finished.finish();
    finished.discard();
    expect(read('table')).toBe('whole');
  });
});
