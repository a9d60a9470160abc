import { mkdir, readdir, readFile, readlink, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { HoldfastError, isMissing, readError } from '../errors.js';
import { isCommit, type RepoFile } from './hub-listing.js';

/** A model in the cache. */
export interface CachedRepo {
  readonly repo: string;
  readonly folder: string;
  /** Of its blobs, finished or not. */
  readonly bytes: number;
  /** Names of branches and tags, by the commit they stand for. */
  readonly revisions: readonly {
    readonly commit: string;
    readonly refs: readonly string[];
    readonly files: readonly string[];
  }[];
  /** Downloads that were broken off, of Holdfast or of Python. */
  readonly unfinishedBytes: number;
}

const MODELS = 'models--';
/** Ends the name of a download of ours that is not whole. Python has `.incomplete`, and neither touches the other's. */
const UNFINISHED = '.holdfast-incomplete';

/**
 * The Hugging Face cache, as Python's `huggingface_hub` lays it out, and shared with it: of every repository
 * `models--owner--name/` with `blobs/HASH` (the files, each once), `snapshots/COMMIT/PATH` (links to them) and
 * `refs/REVISION` (the commit that a branch or tag stood for). A blob has its name only when it is whole and its hash
 * is right; a ref names only a snapshot that is whole.
 */
export class HubCache {
  constructor(readonly folder: string) {}

  repoFolder(repo: string): string {
    return join(this.folder, MODELS + repo.replaceAll('/', '--'));
  }

  blob(repo: string, hash: string): string {
    return join(this.repoFolder(repo), 'blobs', hash);
  }

  /** Where a blob grows until it is whole. */
  unfinishedBlob(repo: string, hash: string): string {
    return this.blob(repo, hash) + UNFINISHED;
  }

  snapshot(repo: string, commit: string): string {
    return join(this.repoFolder(repo), 'snapshots', commit);
  }

  /** The commit that a revision stands for, as far as the cache knows; null when it does not. */
  async commitOf(repo: string, revision: string): Promise<string | null> {
    const text = await readFile(join(this.repoFolder(repo), 'refs', revision), 'utf8').catch(nothing);
    const commit = text?.trim() ?? revision;
    return isCommit(commit) ? commit : null;
  }

  /** The files of a snapshot that are there, links whose blob is gone left out; relative, with `/`. */
  async filesOf(repo: string, commit: string): Promise<string[]> {
    const folder = this.snapshot(repo, commit);
    const names = await readdir(folder, { recursive: true }).catch(nothing);
    const files: string[] = [];
    for (const name of names ?? []) {
      if ((await sizeOf(join(folder, name))) !== null) files.push(name.replaceAll('\\', '/'));
    }
    return files.sort();
  }

  /** Whether a snapshot has a file: by a link to its blob, or, where Python could make no links, the file itself. */
  async has(repo: string, commit: string, { path, hash, bytes }: RepoFile): Promise<boolean> {
    const file = join(this.snapshot(repo, commit), path);
    if ((await sizeOf(file)) !== bytes) return false;
    const target = await readlink(file).catch(nothing);
    return target === null || basename(target) === hash;
  }

  /** Links a snapshot's file to its blob, by a relative path, so that the cache can be moved. */
  async link(repo: string, commit: string, path: string, hash: string): Promise<void> {
    const file = join(this.snapshot(repo, commit), path);
    const temporary = `${file}.${process.pid}.tmp`;
    await writing(file, async () => {
      await mkdir(dirname(file), { recursive: true });
      await rm(temporary, { force: true });
      await symlink(relative(dirname(file), this.blob(repo, hash)), temporary);
      await rename(temporary, file);
    });
  }

  /**
   * Notes that a revision is this commit; nothing is written where that is known, for the cache may be one that can only
   * be read. Call it when the snapshot is whole.
   */
  async writeRef(repo: string, revision: string, commit: string): Promise<void> {
    if ((await this.commitOf(repo, revision)) === commit) return;
    const file = join(this.repoFolder(repo), 'refs', revision);
    const temporary = `${file}.${process.pid}.tmp`;
    await writing(file, async () => {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(temporary, commit);
      await rename(temporary, file);
    });
  }

  /** What the cache holds, by name. */
  async scan(): Promise<CachedRepo[]> {
    const names = (await readdir(this.folder).catch(nothing)) ?? [];
    const repos: CachedRepo[] = [];
    for (const name of names.sort()) {
      // Names of repositories hold no `--` of their own.
      const repo = name.startsWith(MODELS) ? name.slice(MODELS.length).replaceAll('--', '/') : null;
      if (repo !== null) repos.push(await this.describe(repo));
    }
    return repos;
  }

  private async describe(repo: string): Promise<CachedRepo> {
    const folder = this.repoFolder(repo);
    let bytes = 0;
    let unfinishedBytes = 0;
    for (const name of (await readdir(join(folder, 'blobs')).catch(nothing)) ?? []) {
      const size = (await sizeOf(join(folder, 'blobs', name))) ?? 0;
      bytes += size;
      if (name.endsWith('incomplete')) unfinishedBytes += size;
    }
    const refs = new Map<string, string[]>();
    for (const ref of (await readdir(join(folder, 'refs'), { recursive: true }).catch(nothing)) ?? []) {
      const commit = await this.commitOf(repo, ref);
      if (commit !== null && commit !== ref) refs.set(commit, [...(refs.get(commit) ?? []), ref]);
    }
    const commits = (await readdir(join(folder, 'snapshots')).catch(nothing)) ?? [];
    const revisions = await Promise.all(
      commits.sort().map(async (commit) => ({
        commit,
        refs: refs.get(commit) ?? [],
        files: await this.filesOf(repo, commit),
      })),
    );
    return { repo, folder, bytes, revisions, unfinishedBytes };
  }

  /**
   * Removes a repository. What names something goes before what it names, so that a removal that is cut off leaves no
   * model that looks whole.
   */
  async remove(repo: string): Promise<void> {
    const folder = this.repoFolder(repo);
    await writing(folder, async () => {
      for (const part of ['refs', 'snapshots', 'blobs', '']) {
        await rm(join(folder, part), { recursive: true, force: true });
      }
    });
  }
}

/** A file's size, through links; null when it is not there or no file. */
export async function sizeOf(path: string): Promise<number | null> {
  const stats = await stat(path).catch(nothing);
  return stats?.isFile() === true ? stats.size : null;
}

/** Runs what writes to the cache. @throws HoldfastError `E_UNWRITABLE` naming the file */
export async function writing<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof Error && 'syscall' in cause)) throw cause;
    throw new HoldfastError('E_UNWRITABLE', `the cache cannot be written: ${cause.message}`, {
      file: resolve(file),
      hint: 'Check permissions and free space, or name another folder with HF_HUB_CACHE',
      cause,
    });
  }
}

/** What the system says of a path that is no link, of a folder that is to be a file, of a link that leads to itself. */
const NOTHING_OF_THE_KIND: readonly unknown[] = ['EINVAL', 'EISDIR', 'ELOOP'];

/** Null for what is not there. @throws HoldfastError `E_UNREADABLE` */
function nothing(error: unknown): null {
  if (!(error instanceof Error && 'code' in error)) throw error;
  if (isMissing(error) || NOTHING_OF_THE_KIND.includes(error.code)) return null;
  throw 'path' in error ? readError(String(error.path), error) : error;
}
