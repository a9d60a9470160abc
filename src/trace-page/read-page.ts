import type { HeadGrid } from '../attention/index.js';
import { HoldfastError } from '../errors.js';
import { readRecord, readShares, type TraceRecord, type TraceTensors, unfitTrace } from '../trace/index.js';
import { visible } from '../visible.js';
import { byteLength, codeOf, PageNumbers, type Sizes, triangle } from './numbers.js';
import type { PageAttention, PageData, PageSpan } from './page-data.js';
import { type PartSource, partsOf } from './parts.js';
import { wholeTexts } from './token-texts.js';

/**
 * The most bytes of numbers in a page, before they are compressed. A dialogue of 4,096 tokens on a model with 1,024 heads
 * still fits, without attention rows.
 */
const MOST_BYTES = 32 * 2 ** 20;

/** Whether a page has room for the attention rows of all heads. */
export function fitsAttention({ layers, heads }: HeadGrid, tokens: number): boolean {
  const every = Array.from({ length: layers }, (_, layer) => layer);
  const facts = { layers, heads, tokens: { length: tokens }, parts: { length: MOST_PARTS } };
  return byteLength({ ...facts, attention: { layers: every, of: 'each head' } }) <= MOST_BYTES;
}

/** The groups, and the target before and after. */
const MOST_PARTS = 8;

/** A page's facts and numbers. */
export interface TracePage {
  readonly data: PageData;
  readonly numbers: PageNumbers;
}

/**
 * Reads from a trace what its page shows: the shares of every head and token, and as many attention rows as fit: of each
 * head, or their mean, or none. Its notes say what is left out.
 * @throws HoldfastError `E_SAFETENSORS` if the file is no trace or is damaged, `E_TENSOR_VALUE` for shares that are none,
 * `E_USAGE` if the trace has no shares or the shares of too many tokens
 * @param room bytes for the numbers
 */
export async function readTracePage(trace: TraceTensors, room = MOST_BYTES): Promise<TracePage> {
  const record = readRecord(trace);
  const { sizes } = record;
  const spans = spansOf(record);
  const { sources, whole } = partsOf(record, spans, (tensor) => trace.shapes.has(tensor));
  const decoded = Array.from({ length: sizes.tokens }, (_, at) => record.tokens?.[at] ?? `#${at}`);
  const tokens = wholeTexts(decoded, record.text).map(visible);
  const facts = { ...sizes, tokens, parts: sources.map(({ colour, name }) => ({ colour, name })) };
  checkSize(byteLength({ ...facts, attention: null }), sizes.tokens, room);
  const rows = attentionThatFits(trace, facts, room);
  const data: PageData = {
    ...facts,
    model: shortName(record.model),
    executor: record.executor,
    precision: record.precision,
    policy: policyText(record),
    meanLayers: record.layersInMeans,
    spans,
    whole,
    attention: rows.attention,
    notes: rows.notes,
  };
  const numbers = PageNumbers.empty(data);
  for (const tensor of new Set(sources.map(({ tensor }) => tensor))) {
    fillShares(await readShares(trace, tensor), { tensor, sources, data, numbers });
  }
  if (rows.attention !== null) await fillAttention(trace, rows.attention, data, numbers);
  return { data, numbers };
}

/** Returns a model's name on the hub as it is, and of a path the model and its folder. */
const shortName = (model: string): string => model.split(/[\\/]/).slice(-2).join('/');

/** Returns the spans of the tokens: a single one for plain tokens. */
function spansOf({ spans, sizes }: TraceRecord): readonly PageSpan[] {
  return spans.length === 0 ? [{ role: null, turn: 0, start: 0, end: sizes.tokens }] : spans;
}

function policyText({ policy, strength }: TraceRecord): string | null {
  if (policy === 'off') return null;
  return typeof strength === 'number'
    ? `${policy} at strength ${strength}`
    : `${policy}, a strength for each head`;
}

function checkSize(bytes: number, tokens: number, room: number): void {
  if (bytes <= room) return;
  const most = Math.floor((tokens * room) / bytes);
  throw new HoldfastError(
    'E_USAGE',
    `the page would be too large: it can have the shares of at most ${most} tokens of this model, found ${tokens}`,
    { hint: 'Trace a shorter dialogue, or read the file in a notebook' },
  );
}

/** Returns the attention rows of a trace that a page has room for, and what it has none for. */
function attentionThatFits(
  trace: TraceTensors,
  facts: Omit<Sizes, 'attention'>,
  room: number,
): { readonly attention: PageAttention | null; readonly notes: readonly string[] } {
  const count = facts.tokens.length;
  const layers = Array.from({ length: facts.layers }, (_, layer) => layer).filter((layer) => {
    const shape = trace.shapes.get(`attention.${layer}`);
    if (shape === undefined) return false;
    if (`${shape}` === `${[facts.heads, count, count]}`) return true;
    throw unfitTrace(trace, `attention.${layer}`, `the shape [${shape}]`);
  });
  if (layers.length === 0) {
    const note =
      'The trace has no attention rows (--attention), so the page cannot show which words a word looked at.';
    return { attention: null, notes: [note] };
  }
  const fits = (attention: PageAttention): boolean => byteLength({ ...facts, attention }) <= room;
  const each: PageAttention = { layers, of: 'each head' };
  if (fits(each)) return { attention: each, notes: [] };
  const mean: PageAttention = { layers, of: 'mean' };
  if (fits(mean)) {
    return {
      attention: mean,
      notes: ['Of the attention rows, the page has room only for the mean over heads.'],
    };
  }
  return { attention: null, notes: ['The page has no room for the attention rows of so many tokens.'] };
}

interface Filling {
  readonly tensor: string;
  readonly sources: readonly PartSource[];
  readonly data: PageData;
  readonly numbers: PageNumbers;
}

/** Fills in the shares that come from one tensor, `[layers, heads, tokens]` or `[layers, heads, tokens, spans]`. */
function fillShares(values: Float32Array, filling: Filling): void {
  const { tensor, sources, data, numbers } = filling;
  const { layers, heads, tokens, meanLayers } = data;
  const width = values.length / (layers * heads * tokens.length);
  const inMean = new Set(meanLayers);
  const meanPairs = heads * inMean.size;
  for (const [part, source] of sources.entries()) {
    if (source.tensor !== tensor) continue;
    for (let token = 0; token < tokens.length; token++) {
      const codes = numbers.heads(part, token);
      let sum = 0;
      for (let pair = 0; pair < layers * heads; pair++) {
        const share = source.of(values, (pair * tokens.length + token) * width, token);
        codes[pair] = codeOf(share);
        if (inMean.has(Math.floor(pair / heads))) sum += share;
      }
      numbers.means[part * tokens.length + token] = sum / meanPairs;
    }
  }
}

async function fillAttention(
  trace: TraceTensors,
  { layers, of }: PageAttention,
  { heads, tokens }: PageData,
  { attention }: PageNumbers,
): Promise<void> {
  const count = tokens.length;
  const size = triangle(count);
  const sums = of === 'mean' ? new Float64Array(size) : null;
  for (const [index, layer] of layers.entries()) {
    const name = `attention.${layer}`;
    const weights = await readShares(trace, name);
    for (let head = 0; head < heads; head++) {
      for (let query = 0; query < count; query++) {
        const from = (head * count + query) * count;
        const to = triangle(query);
        const start = (index * heads + head) * size + to;
        for (let key = 0; key <= query; key++) {
          if (sums === null) attention[start + key] = codeOf(weights[from + key]!);
          else sums[to + key]! += weights[from + key]!;
        }
      }
    }
  }
  sums?.forEach((sum, at) => {
    attention[at] = codeOf(sum / (layers.length * heads));
  });
}
