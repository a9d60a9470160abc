import { grouped } from '../grouped.js';
import type { AttentionBlueprint, Blueprint, LayerBlueprint } from './blueprint.js';
import { demandedWeights } from './weight-shapes.js';

/** Returns the number of parameters. A tied head is counted once. */
export function parameterCount(blueprint: Blueprint): number {
  return demandedWeights(blueprint).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
}

/**
 * Returns the bytes that one token adds to the cached keys and values of all layers, ignoring sliding windows.
 * @param bytesPerElement 4 for f32, 2 for f16
 */
export function kvBytesPerToken(blueprint: Blueprint, bytesPerElement = 4): number {
  const elements = blueprint.layers.reduce(
    (sum, { attention }) => sum + 2 * attention.kvHeads * attention.headDim,
    0,
  );
  return elements * bytesPerElement;
}

/** Returns a readable summary of a few lines. Equal layers share a line. */
export function printBlueprint(blueprint: Blueprint): string {
  const head = blueprint.tiedEmbeddings ? 'head tied to the embedding' : 'separate head';
  const lines = [
    `${blueprint.architecture}, ${blueprint.layers.length} layers, hidden ${blueprint.hiddenSize}, ` +
      `vocabulary ${blueprint.vocabSize}, context ${blueprint.contextLength}, ${head}`,
    ...printScales(blueprint),
    `${parameterCount(blueprint)} parameters, ${kvBytesPerToken(blueprint)} bytes of f32 keys and values per token`,
  ];
  const groups = grouped([...blueprint.layers.keys()], (index) => printLayer(blueprint.layers[index]!));
  for (const [layer, indices] of groups) lines.push(`layers ${printRanges(indices)}: ${layer}`);
  return lines.join('\n');
}

function printScales({ embeddingScale, residualScale, logitScale, logitCap }: Blueprint): string[] {
  const parts = [
    embeddingScale === 1 ? null : `embeddings ×${shown(embeddingScale)}`,
    residualScale === 1 ? null : `branches ×${shown(residualScale)}`,
    logitScale === 1 ? null : `logits ×${shown(logitScale)}`,
    logitCap === null ? null : `logits capped at ${logitCap}`,
  ].filter((part) => part !== null);
  return parts.length === 0 ? [] : [parts.join(', ')];
}

const shown = (value: number): string => String(Number(value.toPrecision(4)));

function printLayer({ attention, mlp, preNorms, postNorms }: LayerBlueprint): string {
  const { heads, kvHeads, headDim, window, scale, scoreCap, queryKeyNorm, queryKeyValueBias, outputBias } =
    attention;
  const parts = [
    `${heads} heads of ${headDim}, ${kvHeads} key-value heads`,
    window === null ? 'full attention' : `window ${window}`,
    printRope(attention),
    scale === 1 / Math.sqrt(headDim) ? null : `scores ×${shown(scale)}`,
    scoreCap === null ? null : `scores capped at ${scoreCap}`,
    queryKeyNorm === null
      ? null
      : `query and key norms${queryKeyNorm === 'all heads' ? ' over all heads' : ''}`,
    queryKeyValueBias ? 'biases on query, key and value' : null,
    outputBias ? 'bias on output' : null,
    `${mlp.activation} MLP of ${mlp.size}${mlp.bias ? ' with biases' : ''}`,
    postNorms ? (preNorms ? 'post-norms' : 'post-norms only') : null,
  ];
  return parts.filter((part) => part !== null).join(', ');
}

function printRope({ rope, headDim }: AttentionBlueprint): string {
  if (rope === null) return 'no rope';
  const { base, rotaryDim, scaling } = rope;
  const part = rotaryDim === headDim ? '' : ` on ${rotaryDim} of ${headDim} elements`;
  const factor = scaling !== null && 'factor' in scaling ? ` ×${scaling.factor}` : '';
  return `rope base ${base}${part}${scaling === null ? '' : ` ${scaling.type}${factor}`}`;
}

/** Writes indices as ranges: `0–4, 6`. */
function printRanges(indices: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const index of indices) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === index - 1) last[1] = index;
    else runs.push([index, index]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(', ');
}
