import {
  link,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { hasCode, isMissing, readError } from '../errors.js';
import {
  makeFolder,
  removeLeftovers,
  renameFile,
  replaceFile,
  temporaryName,
  unwritable,
} from '../files/index.js';
import { isCommit, type RepoFile } from './hub-listing.js';

/** A model in the cache. */
export interface CachedRepo {
  readonly repo: string;
  readonly folder: string;
  /** Total size of its blobs, including unfinished ones. */
  readonly bytes: number;
  /** Its snapshots: commit, the branches and tags that point to it, and the files it has. */
  readonly revisions: readonly {
    readonly commit: string;
    readonly refs: readonly string[];
    readonly files: readonly string[];
  }[];
  /** Size of interrupted downloads, of Holdfast or of Python. */
  readonly unfinishedBytes: number;
}

const MODELS = 'models--';
/** Suffix of our incomplete downloads. Python's is `.incomplete`; neither program touches the other's files. */
const UNFINISHED = '.holdfast-incomplete';

/**
 * The Hugging Face cache, in the layout of Python's `huggingface_hub` and shared with it. A repository is a folder
 * `models--owner--name/` with `blobs/HASH` (each file once), `snapshots/COMMIT/PATH` (links to blobs) and
 * `refs/REVISION` (the commit that a branch or tag pointed to). A blob gets its name only when it is complete and its
 * hash is correct. A ref points only to a complete snapshot.
 */
export class HubCache {
  constructor(readonly folder: string) {}

  repoFolder(repo: string): string {
    return join(this.folder, MODELS + repo.replaceAll('/', '--'));
  }

  blob(repo: string, hash: string): string {
    return join(this.repoFolder(repo), 'blobs', hash);
  }

  /** Path of an incomplete download. */
  unfinishedBlob(repo: string, hash: string): string {
    return this.blob(repo, hash) + UNFINISHED;
  }

  snapshot(repo: string, commit: string): string {
    return join(this.repoFolder(repo), 'snapshots', commit);
  }

  /** Returns the commit that the cache has recorded for a revision; null if none. */
  async commitOf(repo: string, revision: string): Promise<string | null> {
    const text = await readFile(join(this.repoFolder(repo), 'refs', revision), 'utf8').catch(nothing);
    const commit = text?.trim() ?? revision;
    return isCommit(commit) ? commit : null;
  }

  /** Returns the relative paths (with `/`) of a snapshot's files. Omits links whose blob is missing. */
  async filesOf(repo: string, commit: string): Promise<string[]> {
    const folder = this.snapshot(repo, commit);
    const names = await readdir(folder, { recursive: true }).catch(nothing);
    const files: string[] = [];
    for (const name of names ?? []) {
      if ((await sizeOf(join(folder, name))) !== null) files.push(name.replaceAll('\\', '/'));
    }
    return files.sort();
  }

  /** Whether a snapshot has a file: a link to its blob or, if Python could not create links, the file itself. */
  async has(repo: string, commit: string, { path, hash, bytes }: RepoFile): Promise<boolean> {
    const file = join(this.snapshot(repo, commit), path);
    if ((await sizeOf(file)) !== bytes) return false;
    const target = await readlink(file).catch(nothing);
    return target === null || basename(target) === hash;
  }

  /**
   * Links a snapshot's file to its blob. The link is relative, so that the cache can be moved. Where symbolic links are not
   * allowed, as to most users of Windows, the file is a hard link; where neither is, it is the blob itself, as Python does.
   */
  async link(repo: string, commit: string, path: string, hash: string): Promise<void> {
    const file = join(this.snapshot(repo, commit), path);
    const temporary = temporaryName(file);
    await writing(file, async () => {
      await mkdir(dirname(file), { recursive: true });
      removeLeftovers(file);
      const blob = this.blob(repo, hash);
      await symlink(relative(dirname(file), blob), temporary)
        .catch(unlessForbidden(() => link(blob, temporary)))
        .catch(unlessForbidden(() => rename(blob, temporary)));
      await renameFile(temporary, file);
    });
  }

  /**
   * Records the commit of a revision. Writes nothing if that is recorded already, because the cache may be read-only.
   * Call it only when the snapshot is complete.
   */
  async writeRef(repo: string, revision: string, commit: string): Promise<void> {
    if ((await this.commitOf(repo, revision)) === commit) return;
    const file = resolve(this.repoFolder(repo), 'refs', revision);
    await makeFolder(dirname(file), HINT);
    await replaceFile(file, (temporary) => writeFile(temporary, commit), { hint: HINT });
  }

  /** Returns the models in the cache, sorted by name. */
  async scan(): Promise<CachedRepo[]> {
    const names = (await readdir(this.folder).catch(nothing)) ?? [];
    const repos: CachedRepo[] = [];
    for (const name of names.sort()) {
      // Repository names cannot contain `--`.
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
   * Removes a repository. Removes refs before snapshots, and snapshots before blobs, so that an interrupted removal
   * leaves no model that looks complete.
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

/** Returns a file's size, following links; null if it does not exist or is not a file. */
export async function sizeOf(path: string): Promise<number | null> {
  const stats = await stat(path).catch(nothing);
  return stats?.isFile() === true ? stats.size : null;
}

/** What to do about a cache that cannot be written. */
const HINT = 'Check permissions and free space, or set HF_HUB_CACHE to another folder';

/**
 * Runs work that writes to the cache.
 * @throws HoldfastError `E_UNWRITABLE` with the file's path, for file system errors
 */
export async function writing<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof Error && 'syscall' in cause)) throw cause;
    throw unwritable(resolve(file), cause, HINT);
  }
}

/** What file systems answer that have no links, or do not allow them. exFAT on Windows gives EISDIR. */
const NO_LINKS: readonly unknown[] = ['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EISDIR'];

/** Returns a handler that does something else if links are not possible. */
function unlessForbidden(instead: () => Promise<void>): (error: unknown) => Promise<void> {
  return (error) => {
    if (hasCode(error, NO_LINKS)) return instead();
    throw error;
  };
}

/** Error codes of a path that is not a link, a folder that should be a file, and a link that points to itself. */
const WRONG_KIND: readonly unknown[] = ['EINVAL', 'EISDIR', 'ELOOP'];

/** Returns null for an error about a missing file. @throws HoldfastError `E_UNREADABLE` for any other */
function nothing(error: unknown): null {
  if (!(error instanceof Error && 'code' in error)) throw error;
  if (isMissing(error) || WRONG_KIND.includes(error.code)) return null;
  throw 'path' in error ? readError(String(error.path), error) : error;
}
