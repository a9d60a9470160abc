import { z } from 'zod';
import { POLICIES } from '../attention/index.js';
import type { Model } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import { dequantize, memorySource, openSafetensors, readTensor } from '../formats/index.js';
import { GIVEN } from './opened.js';
import type { AnswerEnd, OpenedTrace, PastTurn, Steer, TokenTrace, TracedTurn } from './protocol.js';
import { GROUPS, type Group } from './protocol.js';
import { groupOf, rounded } from './token-trace.js';

const count = z.number().int().nonnegative();
/** The part of a trace's record that the page needs. */
const RECORD = z.object({
  format: z.literal('holdfast-trace-1'),
  model: z.string(),
  modelHash: z.string(),
  policy: z.enum(POLICIES),
  strength: z.union([z.number(), z.array(z.array(z.number()))]).nullable(),
  target: z.string().nullable(),
  spans: z
    .array(
      z.object({
        role: z.enum(['sink', 'system', 'user', 'assistant', 'template']),
        ...{ turn: count, start: count, end: count },
      }),
    )
    .min(1),
  layersInMeans: z.array(count),
  tokens: z.array(z.string().nullable()),
});
type Record = z.infer<typeof RECORD>;

/** The shares of a run, each with its sizes. */
interface Run {
  readonly record: Record;
  readonly ids: readonly number[];
  readonly layers: number;
  readonly heads: number;
  /** `[layers, heads, tokens, spans]`, after the policy. */
  readonly spanShares: Float32Array;
  /** `[layers, heads, tokens]`. */
  readonly before: Float32Array;
  readonly after: Float32Array;
}

/**
 * Reads a trace of a dialogue, which `holdfast trace --chat` or the studio wrote. Its answers have no alternatives, and the
 * words of its prompt no shares of their own: a trace does not have them.
 * @param bytes the file
 * @throws HoldfastError `E_USAGE` for another file, for a trace without a dialogue or its shares, and for one of other weights
 */
export async function openTrace(bytes: Uint8Array<ArrayBuffer>, model: Model): Promise<OpenedTrace> {
  const run = await readRun(bytes);
  const { record } = run;
  if (record.modelHash !== (await model.hash())) {
    throw new HoldfastError(
      'E_USAGE',
      `the trace is one of ${record.model}, not of the model that is loaded`,
      {
        hint: 'Load that model first',
      },
    );
  }
  const textOf = (roles: readonly string[], turn: number): string =>
    model.tokenizer!.decode(
      record.spans
        .filter((span) => roles.includes(span.role) && span.turn === turn)
        .flatMap(({ start, end }) => run.ids.slice(start, end)),
    );
  const hasSystem = record.spans.some(({ role }) => role === 'system');
  const [first] = record.spans.filter(({ role }) => role === 'system');
  const system = hasSystem ? textOf(['system'], first!.turn) : null;
  const numbers = [
    ...new Set(record.spans.filter(({ role }) => role === 'assistant').map(({ turn }) => turn)),
  ];
  const steer = steerOf(record);
  const turns = numbers.map((turn): TracedTurn => {
    const past: PastTurn = {
      ...GIVEN,
      ...{ system, user: textOf(['user'], turn), assistant: textOf(['assistant'], turn), steer },
    };
    const tokens = tokensOf(run, turn);
    return { tokens, end: endOf(past, turn, tokens, run) };
  });
  return { kind: 'trace', system, turns };
}

async function readRun(bytes: Uint8Array<ArrayBuffer>): Promise<Run> {
  const { metadata, tensors } = await openSafetensors(memorySource(bytes, 'the trace'));
  const fields = Object.fromEntries(
    [...metadata].map(([name, value]) => [name, parsed(String(value))] as const),
  );
  const { data: record } = RECORD.safeParse(fields);
  const [ids, spans, before, after] = ['ids', 'span.shares', 'target.share_before', 'target.share_after'].map(
    (name) => tensors.get(name),
  );
  if (record === undefined || !ids || !spans || !before || !after) {
    throw new HoldfastError('E_USAGE', 'this is not the trace of a dialogue with its shares', {
      hint: 'Write one with holdfast trace --chat',
    });
  }
  const floats = async (info: typeof spans) => dequantize(info.type, await readTensor(info));
  const [layers, heads] = spans.shape;
  return {
    record,
    ids: Array.from(new BigInt64Array(Uint8Array.from(await readTensor(ids)).buffer), Number),
    ...{ layers: layers!, heads: heads! },
    spanShares: await floats(spans),
    before: await floats(before),
    after: await floats(after),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // the record is checked as a whole
  }
}

function steerOf({ policy, strength, target }: Record): Steer {
  const steer = { target: target ?? 'message', pairs: null };
  // Heads that a strength of 1 per head leaves out are told by the file, not by the page.
  if (policy === 'off' || typeof strength !== 'number') return { ...steer, policy: 'off', schedule: null };
  return { ...steer, policy, schedule: { kind: 'constant', strength } };
}

/** Returns the tokens of one answer. The row before a token chose it. */
function tokensOf(run: Run, turn: number): TokenTrace[] {
  const { record, ids } = run;
  return record.spans
    .filter((span) => span.role === 'assistant' && span.turn === turn)
    .flatMap(({ start, end }) => Array.from({ length: end - start }, (_, at) => start + at))
    .filter((token) => token > 0)
    .map((token): TokenTrace => {
      const after = headsAt(run, run.after, token - 1);
      const before = headsAt(run, run.before, token - 1);
      return {
        ...{ id: ids[token]!, text: record.tokens[token] ?? '', probability: null },
        ...{ alternatives: [], words: [] },
        strength: typeof record.strength === 'number' ? record.strength : null,
        shares: sharesAt(run, token - 1, turn),
        heads: after,
        before: before.some((share, pair) => share !== after[pair]) ? before : null,
      };
    });
}

/** Returns the mean share of each group in a row, over the heads that see furthest. */
function sharesAt({ record, spanShares, heads, ids }: Run, row: number, turn: number): number[] {
  const { spans, layersInMeans } = record;
  const sums: { [group in Group]: number } = {
    ...{ prompt: 0, sink: 0, earlier: 0, message: 0, template: 0, answer: 0 },
  };
  for (const layer of layersInMeans) {
    for (let head = 0; head < heads; head++) {
      const at = ((layer * heads + head) * ids.length + row) * spans.length;
      for (const [index, span] of spans.entries()) {
        sums[groupOf(span.role, span.turn, turn)] += spanShares[at + index]!;
      }
    }
  }
  return GROUPS.map((group) => rounded(sums[group] / (layersInMeans.length * heads)));
}

/** Returns the prompt's share in each head in a row, `[layers × heads]`; empty if the trace measured another target. */
function headsAt({ record, layers, heads, ids }: Run, shares: Float32Array, row: number): number[] {
  if (record.target !== 'message') return [];
  return Array.from({ length: layers * heads }, (_, pair) => rounded(shares[pair * ids.length + row]!));
}

function endOf(
  turn: PastTurn,
  number: number,
  tokens: readonly TokenTrace[],
  { record, heads }: Run,
): AnswerEnd {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const inMeans = (own: readonly number[]): number =>
    mean(record.layersInMeans.flatMap((layer) => own.slice(layer * heads, (layer + 1) * heads)));
  const isMeasured = tokens.length > 0 && tokens[0]!.heads.length > 0;
  const prompt = isMeasured
    ? {
        before: mean(tokens.map((token) => inMeans(token.before ?? token.heads))),
        after: mean(tokens.map((token) => inMeans(token.heads))),
      }
    : null;
  return {
    ...{ turn, number, notice: null, prompt, sink: null, receipt: null, dropped: [] },
    ...{ promptTokens: 0, reusedTokens: 0, prefillMs: 0, tokensPerSecond: null },
  };
}
