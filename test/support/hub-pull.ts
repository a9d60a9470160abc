import { encodeSafetensors } from '../../src/formats/index.js';
import { HubCache } from '../../src/hub/hub-cache.js';
import { createHubClient } from '../../src/hub/hub-client.js';
import { createHubGet } from '../../src/hub/hub-http.js';
import { parseHubName } from '../../src/hub/model-name.js';
import { type PulledModel, type PullProgress, pull } from '../../src/hub/pull.js';
import { type HubPlace, hubPlace } from './hub-place.js';
import { type HubRepo, hashOf, type Misbehaviour } from './loopback-hub.js';

/** The model that tests pull from the loopback hub. */
export const REPO = 'owner/model';
export const text = (value: string): Uint8Array => new TextEncoder().encode(value);
export const weights = (...names: string[]): Uint8Array =>
  Buffer.concat(
    encodeSafetensors(
      names.map((name) => ({ name, type: 'F32', shape: [20_000], data: new Float32Array(20_000).fill(1) })),
    ),
  );
export const FILES = {
  'config.json': text('{"model_type": "llama"}'),
  'tokenizer.json': text('{}'),
  'model.safetensors': weights('a'),
  'pytorch_model.bin': text('PK'),
  'README.md': text('# Model'),
};
export const WEIGHTS = FILES['model.safetensors'];
export const BLOB = `models--owner--model/blobs/${hashOf('model.safetensors', WEIGHTS)}`;

export const place = (repo: HubRepo = { files: FILES }): Promise<HubPlace> => hubPlace({ [REPO]: repo });

interface Pulled extends PulledModel {
  readonly notes: readonly string[];
}

interface PullFrom {
  readonly name?: string;
  readonly token?: string | null;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: PullProgress) => void;
}

/** Pulls with short limits: 5 tries, 300 ms of silence. */
export async function pullFrom(
  { hub, cache }: HubPlace,
  { name = REPO, token = null, signal, onProgress = () => {} }: PullFrom = {},
): Promise<Pulled> {
  const settings = { endpoint: hub.endpoint, cache, token, offline: false };
  const policy = { tries: 5, firstWaitMs: 1, longestWaitMs: 2000 };
  const client = createHubClient(settings, policy, createHubGet(settings, 300));
  const hubName = parseHubName(name, hub.endpoint)!;
  const notes: string[] = [];
  const asking = { onNote: (note: string) => notes.push(note), ...(signal === undefined ? {} : { signal }) };
  const listing = await client.list(hubName.repo, hubName.revision, asking);
  const watch = { ...asking, onProgress, onFile() {} };
  return { ...(await pull(hubName, { client, cache: new HubCache(cache) }, listing, watch)), notes };
}

/** Sets how the hub answers the next requests for the weights. */
export const misbehave = ({ hub }: HubPlace, ...answers: Misbehaviour[]): void => {
  hub.misbehave.set('model.safetensors', answers);
};
/** Returns the byte ranges of all requests for the weights. */
export const rangesOf = ({ hub }: HubPlace): (string | null)[] =>
  hub.asked.filter(({ host }) => host === 'files').map(({ range }) => range);
