import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { HoldfastError } from '../errors.js';
import { tellNotes } from '../notes.js';
import { HubCache } from './hub-cache.js';
import { createHubClient } from './hub-client.js';
import type { RepoListing } from './hub-listing.js';
import { type HubSettings, hubSettings } from './hub-settings.js';
import { type HubName, hubNameText, parseHubName } from './model-name.js';
import { neededFiles } from './needed-files.js';
import { type PulledModel, type PullWatch, pathIn, pull, weightFiles } from './pull.js';
import { TransientError } from './retry.js';

/** Options of `locateModel` and `pullModel`. */
export interface LocateOptions extends Partial<PullWatch> {
  /** Default: `hubSettings()`, from the environment. */
  readonly settings?: HubSettings;
}

/**
 * Returns the path of a model. An existing path, or a text that cannot be a name on the hub, is returned unchanged. For
 * a name on the hub, downloads the model into the cache first.
 * @throws HoldfastError as `pullModel` does
 */
export async function locateModel(text: string, options: LocateOptions = {}): Promise<string> {
  if (existsSync(text)) return text;
  const settings = options.settings ?? hubSettings();
  const name = parseHubName(text, settings.endpoint);
  return name === null ? text : (await pullModel(name, { ...options, settings })).path;
}

/**
 * Downloads the files of a hub model that are not in the cache yet. If offline, or if the hub does not answer, uses the
 * cached copy if it is complete, and reports a hub that did not answer through `onNote`.
 * @throws HoldfastError `E_HUB`, `E_UNWRITABLE`; the signal's reason if aborted
 */
export async function pullModel(name: HubName, options: LocateOptions = {}): Promise<PulledModel> {
  const { settings = hubSettings(), signal } = options;
  const watch: PullWatch = {
    onNote: options.onNote ?? ((text) => tellNotes([text])),
    onProgress: options.onProgress ?? (() => {}),
    onFile: options.onFile ?? (() => {}),
    ...(signal === undefined ? {} : { signal }),
  };
  const cache = new HubCache(settings.cache);
  const kept = await cachedModel(name, cache);
  if (settings.offline) {
    if (kept !== null) {
      noteGuess(name, kept, watch);
      return kept;
    }
    throw new HoldfastError(
      'E_HUB',
      'the model is missing or incomplete in the cache, and HF_HUB_OFFLINE is set',
      {
        file: hubNameText(name),
        hint: `Unset HF_HUB_OFFLINE to download it; the cache is ${settings.cache}`,
      },
    );
  }
  const client = createHubClient(settings);
  let listing: RepoListing;
  try {
    // With a cached copy there is no reason to wait for a hub that does not answer.
    listing = await client.list(name.repo, name.revision, watch, kept === null ? undefined : 1);
  } catch (error) {
    const reason = whyNoAnswer(error);
    if (kept === null || reason === null) throw error;
    watch.onNote(
      `${reason}: using the copy of ${hubNameText(name)} in the cache, commit ${kept.commit.slice(0, 12)}`,
    );
    noteGuess(name, kept, watch);
    return kept;
  }
  return pull(name, { client, cache }, listing, watch);
}

/**
 * Notes that a cached GGUF was chosen though none was named: the repository may have others that the cache does not.
 */
function noteGuess({ quantisation, file }: HubName, { path }: PulledModel, { onNote }: PullWatch): void {
  const isNamed = quantisation !== null || file !== null;
  if (isNamed || !/\.gguf$/i.test(path)) return;
  onNote(`the cache has no safetensors of the model: using ${basename(path)}`);
}

/** Returns why the hub did not answer; null if it answered with an error. */
function whyNoAnswer(error: unknown): string | null {
  const cause = error instanceof HoldfastError ? error.cause : null;
  return cause instanceof TransientError ? cause.message : null;
}

/** Returns the cached copy of a model; null if the cache lacks the revision or any of its files. */
async function cachedModel(name: HubName, cache: HubCache): Promise<PulledModel | null> {
  const { repo, revision } = name;
  const commit = await cache.commitOf(repo, revision);
  if (commit === null) return null;
  const files = await cache.filesOf(repo, commit);
  if (files.length === 0) return null;
  try {
    const needed = neededFiles(files, name);
    const snapshot = cache.snapshot(repo, commit);
    const used =
      needed.kind === 'gguf' ? needed.parts : [...needed.side, ...(await weightFiles(needed, snapshot))];
    if (!used.every((file) => files.includes(file))) return null;
    if (needed.kind === 'folder' && !files.includes('config.json')) return null;
    return { path: pathIn(snapshot, needed), commit, files: [] };
  } catch (error) {
    if (error instanceof HoldfastError) return null; // the cache lacks this model, or its index is invalid
    throw error;
  }
}
