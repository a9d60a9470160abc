import { z } from 'zod';
import { HoldfastError } from '../errors.js';

/** A file in a repository's listing. Checked: its path and hash are safe as file names. */
export interface RepoFile {
  /** Relative, with `/`; never leads out of its folder. */
  readonly path: string;
  readonly bytes: number;
  /** SHA-256 of a large file's bytes, or git's blob id of a small file; hex. Also the name of the blob in the cache. */
  readonly hash: string;
  readonly hashKind: 'sha256' | 'git';
}

/** A repository at one commit. */
export interface RepoListing {
  readonly commit: string;
  readonly files: readonly RepoFile[];
}

const COMMIT = /^[0-9a-f]{40}$/;

/** Whether a text is the full hash of a commit, rather than the name of a branch or tag. */
export const isCommit = (text: string): boolean => COMMIT.test(text);

const byteCount = z.int().min(0);
const listingSchema = z.object({
  sha: z.string().regex(COMMIT),
  siblings: z.array(
    z.object({
      rfilename: z.string().refine(isInside, 'not a path inside the repository'),
      size: byteCount,
      blobId: z.string().regex(/^[0-9a-f]{40}$/),
      lfs: z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), size: byteCount }).nullish(),
    }),
  ),
});

/**
 * Parses the hub's listing of a repository. The listing is not trusted: paths must stay inside a folder, hashes must be
 * safe as file names, and sizes must be valid.
 * @param source the URL, for errors
 * @throws HoldfastError `E_HUB` with the field
 */
export function parseListing(text: string, source: string): RepoListing {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new HoldfastError('E_HUB', 'the response is not JSON', { file: source, hint: HINT, cause });
  }
  const parsed = listingSchema.safeParse(json);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    throw new HoldfastError('E_HUB', `the response is not a listing of a model: ${message}`, {
      file: source,
      field: path.join('.') || 'response',
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

/** Whether a path stays inside its folder, as every path of a git repository does. */
function isInside(path: string): boolean {
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

/** Names that Windows gives to devices, whatever their suffix. */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)/i;

/**
 * Whether a path is valid on every system and means the same file: Windows drops points and spaces at the end of a name.
 * Files with other paths are ignored; model files never have them.
 */
function isPortable(path: string): boolean {
  if (path.length > 1024 || /[\\:<>"|?*]|\p{Cc}/u.test(path)) return false;
  return path.split('/').every((part) => !DEVICE.test(part) && !/[. ]$/.test(part));
}
