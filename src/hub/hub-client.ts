import { z } from 'zod';
import { HoldfastError } from '../errors.js';
import { nearest } from '../nearest.js';
import { decodeUtf8 } from '../utf8.js';
import { createHubGet, type HubGet, type HubResponse, type Response, reasonOf } from './hub-http.js';
import { isCommit, parseListing, type RepoListing } from './hub-listing.js';
import type { HubSettings } from './hub-settings.js';
import { isRepoName } from './model-name.js';
import { PATIENT, type RetryPolicy, TransientError, waitBeforeRetry } from './retry.js';

/** How a request is cancelled, and where it reports. */
export interface Asking {
  readonly signal?: AbortSignal;
  /** Called with messages for the user. */
  readonly onNote: (text: string) => void;
}

/** The requests to the hub that this room makes. */
export interface HubClient {
  readonly policy: RetryPolicy;
  /**
   * Lists the files of a model at a revision.
   * @param tries number of attempts if the hub does not answer
   * @throws HoldfastError `E_HUB` with what to do; its cause is a `TransientError` if the hub did not answer
   */
  list(repo: string, revision: string, asking: Asking, tries?: number): Promise<RepoListing>;
  /**
   * Requests a file from byte `offset` on. The status of the response is 200 or 206.
   * @throws HoldfastError `E_HUB`, TransientError
   */
  open(place: FilePlace, offset: number, signal?: AbortSignal): Promise<HubResponse>;
}

/** A file of a repository at a commit. */
export interface FilePlace {
  readonly repo: string;
  readonly commit: string;
  readonly path: string;
}

/** Fewer than for a download: a user is waiting, and nothing has been downloaded yet. */
const LISTING_TRIES = 4;
/** A listing of 10,000 files has about 2 MB. */
const LARGEST_ANSWER_BYTES = 32 * 1024 * 1024;
const escapePath = (path: string): string => path.split('/').map(encodeURIComponent).join('/');

/** Creates a client of the hub in `settings`. */
export function createHubClient(
  settings: HubSettings,
  policy: RetryPolicy = PATIENT,
  get: HubGet = createHubGet(settings),
): HubClient {
  const { endpoint } = settings;
  const about = (repo: string): string => `${endpoint}/api/models/${repo}`;
  return {
    policy,
    async list(repo, revision, asking, tries = LISTING_TRIES) {
      const url = `${about(repo)}/revision/${encodeURIComponent(revision)}?blobs=true`;
      for (let failed = 1; ; failed++) {
        try {
          const { response } = await get(url, {}, asking.signal);
          if (response.status !== 200) {
            await response.body?.cancel();
            throw await refusal(response, { repo, revision }, settings, get);
          }
          return requireCommit(parseListing(await readBody(response, url), url), revision, url);
        } catch (error) {
          if (!(error instanceof TransientError)) throw error;
          await waitBeforeRetry({ ...policy, tries }, failed, error, { ...asking, what: repo });
        }
      }
    },
    async open({ repo, commit, path }, offset, signal) {
      const url = `${endpoint}/${repo}/resolve/${commit}/${escapePath(path)}`;
      const range: Record<string, string> = offset > 0 ? { range: `bytes=${offset}-` } : {};
      const answer = await get(url, range, signal);
      const { response } = answer;
      if (response.status === 200 || response.status === 206) return answer;
      await response.body?.cancel();
      if (response.status === 416) throw new TransientError('the hub refused the range');
      throw await refusal(response, { repo, revision: commit, path }, settings, get);
    },
  };
}

/** If the revision is a commit, checks that the listing is of that commit. */
function requireCommit(listing: RepoListing, revision: string, url: string): RepoListing {
  if (!isCommit(revision) || listing.commit === revision) return listing;
  throw new HoldfastError('E_HUB', `requested commit ${revision}, received ${listing.commit}`, { file: url });
}

/** Reads the text of a response, up to `LARGEST_ANSWER_BYTES`. */
async function readBody(response: Response, url: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length;
      if (bytes > LARGEST_ANSWER_BYTES) {
        throw new HoldfastError('E_HUB', `the response is longer than ${LARGEST_ANSWER_BYTES} bytes`, {
          file: url,
        });
      }
      chunks.push(chunk);
    }
  } catch (cause) {
    if (cause instanceof HoldfastError) throw cause;
    throw new TransientError(`the connection broke (${reasonOf(cause)})`, undefined, { cause });
  }
  try {
    return decodeUtf8(Buffer.concat(chunks), url);
  } catch (cause) {
    throw new HoldfastError('E_HUB', 'the response is not UTF-8', {
      file: url,
      hint: 'Check HF_ENDPOINT',
      cause,
    });
  }
}

/**
 * Returns the error for a request that the hub refused, with what to do. Without a token, the hub also answers 401 for
 * a model that does not exist.
 */
async function refusal(
  response: Response,
  { repo, revision, path }: { readonly repo: string; readonly revision: string; readonly path?: string },
  settings: HubSettings,
  get: HubGet,
): Promise<HoldfastError> {
  const { endpoint, token } = settings;
  const { status } = response;
  const reason = response.headers.get('x-error-code');
  const said = response.headers.get('x-error-message');
  const answer = said === null ? `${status}` : `${status}, "${said}"`;
  const fail = (what: string, hint: string): HoldfastError =>
    new HoldfastError('E_HUB', what, { file: `${endpoint}/${repo}`, hint });
  if (reason === 'GatedRepo') {
    const then =
      token === null
        ? ', then set HF_TOKEN to your token'
        : ' with the account of your token, and check that the token is still valid';
    return fail(`${repo} is gated (${answer})`, `Accept its licence at ${endpoint}/${repo}${then}`);
  }
  if (status === 403) {
    return fail(`the hub denies access to ${repo} (${answer})`, 'Check which models your token may read');
  }
  if (reason === 'RevisionNotFound') {
    return fail(
      `${repo} has no revision "${revision}"`,
      'Omit it for the newest, or name a branch, tag or commit',
    );
  }
  if (status === 401 && token !== null && reason !== 'RepoNotFound') {
    return fail(`the hub does not accept the token (${answer})`, 'Create a new token and set HF_TOKEN to it');
  }
  if (status === 404 && path !== undefined) {
    return fail(`the hub lists ${path} but does not have it`, 'Try again later, or check HF_ENDPOINT');
  }
  if (status === 401 || status === 404) {
    const names = await similarNames(repo, settings, get);
    const meant = nearest(repo, names);
    const hint =
      meant === null
        ? `Check the name or path${token === null ? '; for a private model set HF_TOKEN' : ''}`
        : `Did you mean ${meant}?`;
    return fail(`the hub has no model "${repo}"`, hint);
  }
  return fail(`the hub answers ${answer}`, 'Try again later');
}

/** Searches the hub for models of a similar name or the same owner. Used only for a hint, so failures are ignored. */
async function similarNames(repo: string, { endpoint }: HubSettings, get: HubGet): Promise<string[]> {
  const [owner, name] = repo.split('/') as [string, string];
  const queries = [`search=${encodeURIComponent(name)}`, `author=${encodeURIComponent(owner)}`];
  const answers = await Promise.all(
    queries.map(async (query) => {
      try {
        const url = `${endpoint}/api/models?${query}&limit=100`;
        const { response } = await get(url, {}, AbortSignal.timeout(5000));
        return z.array(z.object({ id: z.string() })).parse(JSON.parse(await readBody(response, url)));
      } catch {
        return [];
      }
    }),
  );
  return answers
    .flat()
    .map(({ id }) => id)
    .filter(isRepoName);
}
