import { z } from 'zod';
import { HoldfastError } from '../errors.js';

/** A file of a repository, as its listing describes it: checked, so that it can name files on the disk. */
export interface RepoFile {
  /** Relative, with `/`; never leads out of the folder that it is put in. */
  readonly path: string;
  readonly bytes: number;
  /** SHA-256 of a large file's bytes, or the id that git gives a small one; hex. It is the name of the cache's blob. */
  readonly hash: string;
  readonly hashKind: 'sha256' | 'git';
}

/** A repository at one commit. */
export interface RepoListing {
  readonly commit: string;
  readonly files: readonly RepoFile[];
}

const COMMIT = /^[0-9a-f]{40}$/;

/** Whether a text is a commit's whole hash, and not the name of a branch or tag. */
export const isCommit = (text: string): boolean => COMMIT.test(text);

const byteCount = z.int().min(0);
const listingSchema = z.object({
  sha: z.string().regex(COMMIT),
  siblings: z.array(
    z.object({
      rfilename: z.string().refine(isInside, 'it is no path inside the repository'),
      size: byteCount,
      blobId: z.string().regex(/^[0-9a-f]{40}$/),
      lfs: z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), size: byteCount }).nullish(),
    }),
  ),
});

/**
 * Reads the hub's answer about a repository. Whatever it names is taken for hostile: what passes can be used as a path
 * below a folder, as the name of a blob, and as a size.
 * @param source how errors name the answer
 * @throws HoldfastError `E_HUB`, naming the field
 */
export function parseListing(text: string, source: string): RepoListing {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new HoldfastError('E_HUB', 'the answer is not JSON', { file: source, hint: HINT, cause });
  }
  const parsed = listingSchema.safeParse(json);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    throw new HoldfastError('E_HUB', `the answer is not what a hub says of a model: ${message}`, {
      file: source,
      field: path.join('.') || 'answer',
      hint: HINT,
    });
  }
  const named = parsed.data.siblings.filter(({ rfilename }) => isPortable(rfilename));
  const files = named.map(({ rfilename, size, blobId, lfs }): RepoFile => {
    const kept =
      lfs === null || lfs === undefined
        ? ({ bytes: size, hash: blobId, hashKind: 'git' } as const)
        : ({ bytes: lfs.size, hash: lfs.sha256, hashKind: 'sha256' } as const);
    return { path: rfilename, ...kept };
  });
  return { commit: parsed.data.sha, files };
}

const HINT = 'Check HF_ENDPOINT';

/** Whether a path stays in the folder that it is put in, as every path of a git repository does. */
function isInside(path: string): boolean {
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

/** Whether a path means the same on every system. Logs and pictures may have others, which are left out; models have not. */
function isPortable(path: string): boolean {
  return path.length <= 1024 && !/[\\:]|\p{Cc}/u.test(path);
}
