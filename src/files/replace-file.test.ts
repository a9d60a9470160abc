import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  fsyncSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, open, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { failure, onPlatform } from '../../test/support/other-platform.js';
import { openGrowingFile } from './growing-file.js';
import { makeFolder } from './make-folder.js';
import { replaceFile, replaceFiles } from './replace-file.js';
import { temporaryName } from './temporary-name.js';
import { writeWhole } from './write-whole.js';

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  return { ...real, open: vi.fn(real.open), rename: vi.fn(real.rename) };
});
vi.mock('node:fs', async (original) => {
  const real = await original<typeof import('node:fs')>();
  return { ...real, fsyncSync: vi.fn(real.fsyncSync), renameSync: vi.fn(real.renameSync) };
});

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-files-'));
  vi.mocked(open).mockClear();
  vi.mocked(rename).mockClear();
});
afterEach(async () => {
  vi.unstubAllGlobals();
  vi.mocked(open).mockReset();
  await rm(folder, { recursive: true });
});

const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
/** The temporary name of a file in a process that has ended. */
function nameOfDead(path: string): string {
  const { pid } = spawnSync(process.execPath, ['--version']);
  return temporaryName(path).replace(`-${process.pid}-`, `-${pid}-`);
}
/** Makes flushing a folder fail; files are flushed as ever. */
function failToFlushFolders(code: string): void {
  const failing = async (): Promise<never> => Promise.reject(failure(code));
  vi.mocked(open).mockImplementation(async (path, flags) => {
    const { open: real } = await vi.importActual<typeof import('node:fs/promises')>('node:fs/promises');
    const handle = await real(path, flags);
    if (flags === 'r') handle.sync = failing;
    return handle;
  });
}
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

  it('keeps the permissions of the file that it replaces', async () => {
    const path = join(folder, 'secret');
    writeFileSync(path, 'old', { mode: 0o600 });
    await writeWhole(path, [Buffer.from('new')]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(read('secret')).toBe('new');
    chmodSync(path, 0o666); // more than the mask of a process usually leaves
    await writeWhole(path, [Buffer.from('newer')]);
    expect(statSync(path).mode & 0o777).toBe(0o666);
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
    onPlatform('win32');
    await writeWhole(join(folder, 'result'), [Buffer.from('new')]);
    await makeFolder(join(folder, 'one', 'two'));
    expect(read('result')).toBe('new');
    expect(readdirSync(join(folder, 'one'))).toEqual(['two']);
    expect(opened()).not.toContain(basename(folder));
  });

  it.each(['EINVAL', 'ENOTSUP'])('writes where folders cannot be flushed (%s)', async (code) => {
    failToFlushFolders(code);
    await writeWhole(join(folder, 'result'), [Buffer.from('new')]);
    await makeFolder(join(folder, 'one', 'two'));
    expect(read('result')).toBe('new');
  });

  it('fails where flushing a folder fails for another reason', async () => {
    failToFlushFolders('EIO');
    await expect(writeWhole(join(folder, 'result'), [Buffer.from('new')])).rejects.toThrow(
      /^E_UNWRITABLE: cannot write: EIO/,
    );
  });

  it('waits on Windows until another program has closed the file', async () => {
    onPlatform('win32');
    for (const code of ['EPERM', 'EBUSY', 'EACCES']) {
      vi.mocked(rename).mockRejectedValueOnce(failure(code));
    }
    await writeWhole(join(folder, 'result'), [Buffer.from('new')]);
    expect(read('result')).toBe('new');
    expect(rename).toHaveBeenCalledTimes(4);
  });

  it('does not wait elsewhere, where these errors do not pass', async () => {
    vi.mocked(rename).mockRejectedValueOnce(failure('EPERM'));
    await expect(writeWhole(join(folder, 'result'), [Buffer.from('new')])).rejects.toThrow('EPERM');
    expect(rename).toHaveBeenCalledTimes(1);
  });

  it('removes what killed processes left of the file, and nothing else', async () => {
    const path = join(folder, 'result');
    const others = [
      temporaryName(path), // of this process, which runs
      nameOfDead(join(folder, 'result2')),
      nameOfDead(path).replace(/\.[0-9a-f]{8}-/, '.00000000-'), // of another machine
      nameOfDead(path).replace(/tmp$/, 'txt'),
    ];
    for (const name of [nameOfDead(path), nameOfDead(path), ...others]) writeFileSync(name, 'half');
    await writeWhole(path, [Buffer.from('new')]);
    expect(readdirSync(folder).sort()).toEqual(['result', ...others.map((name) => basename(name))].sort());
  });
});

describe('a temporary name', () => {
  it.skipIf(process.platform !== 'linux')(
    'is of a process that runs, not of one with its id before',
    async () => {
      const path = join(folder, 'result');
      const own = temporaryName(path);
      const before = own.replace(/-\d+-(\d+\.tmp)$/, '-1-$1');
      expect(before).not.toBe(own);
      for (const name of [own, before]) writeFileSync(name, 'half');
      await writeWhole(path, [Buffer.from('new')]);
      expect(readdirSync(folder).sort()).toEqual(['result', basename(own)].sort());
    },
  );
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

  it('is discarded without an error of its own, also where its folder has vanished', () => {
    const file = openGrowingFile(join(folder, 'table'));
    rmSync(folder, { recursive: true });
    writeFileSync(folder, ''); // its path leads through a file now
    expect(() => file.discard()).not.toThrow();
    rmSync(folder);
    mkdirSync(folder);
  });

  it('removes what killed processes left of the file', () => {
    writeFileSync(nameOfDead(join(folder, 'table')), 'half');
    openGrowingFile(join(folder, 'table')).discard();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('waits on Windows for its name, and takes it where folders cannot be flushed', () => {
    onPlatform('win32');
    const grown = (): void => {
      const file = openGrowingFile(join(folder, 'table'));
      file.append(Buffer.from('whole'));
      file.finish();
    };
    const inUse = (): never => {
      throw failure('EBUSY');
    };
    vi.mocked(renameSync).mockImplementationOnce(inUse).mockImplementationOnce(inUse);
    grown();
    expect(read('table')).toBe('whole');
    vi.unstubAllGlobals();
    vi.mocked(fsyncSync)
      .mockImplementationOnce(() => {}) // the file's
      .mockImplementationOnce(() => {
        throw failure('EINVAL');
      });
    grown();
    expect(readdirSync(folder)).toEqual(['table']);
  });
});
