import { type CachedRepo, type CatalogueEntry, quantisationOf } from '../../hub/index.js';
import { textTable, wrap } from '../../report/index.js';
import type { Paint } from '../terminal/index.js';
import { printBytes } from '../terminal/index.js';

export interface ModelsReport {
  /** Tokens of keys and values that `memoryBytes` includes. */
  readonly contextTokens: number;
  readonly catalogue: readonly (CatalogueEntry & { readonly memoryBytes: number })[];
  readonly cacheFolder: string;
  readonly cache: readonly CachedRepo[];
}

const COLUMNS = 80;
/** Quantisations of a model that are named; more are only counted. */
const MAX_NAMED = 2;

/** Returns two tables, the models to fetch and the cached ones, 80 columns wide unless model names are longer. */
export function modelsLines(
  { contextTokens, catalogue, cacheFolder, cache }: ModelsReport,
  paint: Paint,
): string[] {
  const [heading = '', ...rows] = textTable({
    heading: ['model', 'size', 'memory', 'family', 'licence'],
    wordy: [3, 4],
    rows: catalogue.map((entry) => [
      entry.model,
      printParameters(entry.parameters),
      printBytes(entry.memoryBytes),
      entry.family,
      entry.gated ? `${entry.licence}, gated` : entry.licence,
    ]),
  });
  const about = [
    `memory: the least needed, for 16-bit weights and the keys and values of ${contextTokens} tokens (or of the model's ` +
      'context, if that is smaller). gated: accept the licence on the model page, then set HF_TOKEN.',
    ...catalogue.flatMap(({ model, drift }) => (drift === null ? [] : [`drift of ${model}: ${drift}.`])),
    'drift of the others: not measured.',
  ];
  return [
    paint(heading.trimEnd(), 'bold'),
    ...rows.map((row) => row.trimEnd()),
    '',
    ...about.flatMap((text) => wrap(text, COLUMNS)),
    '',
    ...cacheLines(cacheFolder, cache, paint),
  ];
}

function cacheLines(folder: string, cache: readonly CachedRepo[], paint: Paint): string[] {
  if (cache.length === 0) return [`the cache is empty: ${folder}`];
  const [heading = '', ...rows] = textTable({
    heading: ['in the cache', 'on disk', 'contents'],
    wordy: [2],
    rows: cache.map((cached) => [cached.repo, printBytes(cached.bytes), holdings(cached)]),
  });
  return [paint(heading.trimEnd(), 'bold'), ...rows.map((row) => row.trimEnd()), '', folder];
}

/** Names the weights in the cache (`safetensors`, `GGUF Q4_K_M`) and the size of unfinished downloads. */
function holdings({ revisions, unfinishedBytes }: CachedRepo): string {
  const files = new Set(revisions.flatMap(({ files }) => files));
  const ggufs = [...files].filter((file) => /\.gguf$/i.test(file));
  const kinds = [...new Set(ggufs.map((file) => quantisationOf(file) ?? 'file'))];
  const parts = [
    ...([...files].some((file) => file.endsWith('.safetensors')) ? ['safetensors'] : []),
    ...(kinds.length > MAX_NAMED ? [`${kinds.length} GGUFs`] : kinds.map((kind) => `GGUF ${kind}`)),
    ...(unfinishedBytes > 0 ? [`${printBytes(unfinishedBytes)} unfinished`] : []),
  ];
  return parts.length === 0 ? 'no weights' : parts.join(', ');
}

/** Writes a number of parameters as `135 M` or `1.7 B`. */
function printParameters(parameters: number): string {
  return parameters < 1e9
    ? `${Number((parameters / 1e6).toPrecision(3))} M`
    : `${(parameters / 1e9).toFixed(1)} B`;
}
