import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { HoldfastError } from '../errors.js';
import { HubCache } from './hub-cache.js';
import { createHubClient } from './hub-client.js';
import type { RepoListing } from './hub-listing.js';
import { type HubSettings, hubSettings } from './hub-settings.js';
import { type HubName, hubNameText, parseHubName } from './model-name.js';
import { neededFiles } from './needed-files.js';
import { type PulledModel, type PullWatch, pathIn, pull, weightFiles } from './pull.js';
import { TransientError } from './retry.js';

export interface LocateOptions extends Partial<PullWatch> {
  /** Those of the environment if not said. */
  readonly settings?: HubSettings;
}

/**
 * The path of the model that is meant: a path as it is, when there is something or it can be nothing else; a name of the
 * hub after its files have been brought into the cache.
 * @throws HoldfastError as `pullModel` does
 */
export async function locateModel(text: string, options: LocateOptions = {}): Promise<string> {
  if (existsSync(text)) return text;
  const settings = options.settings ?? hubSettings();
  const name = parseHubName(text, settings.endpoint);
  return name === null ? text : (await pullModel(name, { ...options, settings })).path;
}

/**
 * Brings a model of the hub into the cache: what is there is not fetched again. Where the hub may not or cannot be
 * asked, the cache's copy is taken if it is whole; that it could not be asked is told.
 * @throws HoldfastError `E_HUB`, `E_UNWRITABLE`; the signal's reason when it is aborted
 */
export async function pullModel(name: HubName, options: LocateOptions = {}): Promise<PulledModel> {
  const { settings = hubSettings(), signal } = options;
  const watch: PullWatch = {
    onNote: options.onNote ?? ((text) => process.emitWarning(text, 'HoldfastHub')),
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
    throw new HoldfastError('E_HUB', 'the model is not (wholly) in the cache, and HF_HUB_OFFLINE is set', {
      file: hubNameText(name),
      hint: `Unset HF_HUB_OFFLINE to fetch it; the cache is ${settings.cache}`,
    });
  }
  const client = createHubClient(settings);
  let listing: RepoListing;
  try {
    // Who has a copy does not wait for a hub that does not answer.
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

/** Unasked, nobody knows whether a GGUF that was not named is all that the repository has: another model may be meant. */
function noteGuess({ quantisation, file }: HubName, { path }: PulledModel, { onNote }: PullWatch): void {
  const isNamed = quantisation !== null || file !== null;
  if (isNamed || !/\.gguf$/i.test(path)) return;
  onNote(`the cache has ${basename(path)} of it and no safetensors: using that`);
}

/** Why the hub did not answer; null for an error that is its answer. */
function whyNoAnswer(error: unknown): string | null {
  const cause = error instanceof HoldfastError ? error.cause : null;
  return cause instanceof TransientError ? cause.message : null;
}

/** The cache's copy of a model, when the cache knows the revision and has all of its weights. */
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
    if (error instanceof HoldfastError) return null; // there is no such model in it, or its index is no index
    throw error;
  }
}
