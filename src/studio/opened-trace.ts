import { parsePolicy } from '../attention/index.js';
import type { Model } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import { memorySource, openSafetensors, readTensor } from '../formats/index.js';
import { readRecord, readShares, type TraceRecord, traceInFile, unfitTrace } from '../trace/index.js';
import { GIVEN } from './opened.js';
import type { AnswerEnd, OpenedTrace, PastTurn, Steer, TokenTrace, TracedTurn } from './protocol.js';
import { GROUPS, type Group } from './protocol.js';
import { groupOf, rounded } from './token-trace.js';

/** The shares of a run, each with its sizes. */
interface Run {
  readonly record: TraceRecord;
  readonly ids: readonly number[];
  /** The text of each token. */
  readonly texts: readonly string[];
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
 * @throws HoldfastError `E_SAFETENSORS` for another or a damaged file, `E_USAGE` for a trace without a dialogue or its shares and
 * for one of other weights
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
  const checkpoint = await openSafetensors(memorySource(bytes, 'the trace'));
  const trace = traceInFile(checkpoint);
  const record = readRecord(trace);
  const ids = checkpoint.tensors.get('ids');
  const needed = ['span.shares', 'target.share_before', 'target.share_after'] as const;
  const hasAll = needed.every((name) => trace.shapes.has(name));
  if (record.spans.length === 0 || record.tokens === null || ids?.type !== 'I64' || !hasAll) {
    throw new HoldfastError('E_USAGE', 'this is not the trace of a dialogue with its shares', {
      hint: 'Write one with holdfast trace --chat',
    });
  }
  if (`${ids.shape}` !== `${record.sizes.tokens}`) throw unfitTrace(trace, 'ids', `the shape [${ids.shape}]`);
  const [spanShares, before, after] = await Promise.all(needed.map((name) => readShares(trace, name)));
  return {
    record,
    ids: Array.from(new BigInt64Array(Uint8Array.from(await readTensor(ids)).buffer), Number),
    texts: record.tokens.map((text) => text ?? ''),
    ...{ spanShares: spanShares!, before: before!, after: after! },
  };
}

/** @throws HoldfastError `E_POLICY` for a policy that does not exist */
function steerOf({ policy, strength, target }: TraceRecord): Steer {
  const steer = { target: target ?? 'message', pairs: null };
  // Heads that a strength of 1 per head leaves out are told by the file, not by the page.
  if (policy === 'off' || typeof strength !== 'number') return { ...steer, policy: 'off', schedule: null };
  return { ...steer, policy: parsePolicy(policy), schedule: { kind: 'constant', strength } };
}

/** Returns the tokens of one answer. The row before a token chose it. */
function tokensOf(run: Run, turn: number): TokenTrace[] {
  const { record, ids, texts } = run;
  return record.spans
    .filter((span) => span.role === 'assistant' && span.turn === turn)
    .flatMap(({ start, end }) => Array.from({ length: end - start }, (_, at) => start + at))
    .filter((token) => token > 0)
    .map((token): TokenTrace => {
      const after = headsAt(run, run.after, token - 1);
      const before = headsAt(run, run.before, token - 1);
      return {
        ...{ id: ids[token]!, text: texts[token]!, probability: null },
        ...{ alternatives: [], words: [] },
        strength: typeof record.strength === 'number' ? record.strength : null,
        shares: sharesAt(run, token - 1, turn),
        heads: after,
        before: before.some((share, pair) => share !== after[pair]) ? before : null,
      };
    });
}

/** Returns the mean share of each group in a row, over the heads that see furthest. */
function sharesAt({ record, spanShares, ids }: Run, row: number, turn: number): number[] {
  const { spans, layersInMeans, sizes } = record;
  const { heads } = sizes;
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
function headsAt({ record, ids }: Run, shares: Float32Array, row: number): number[] {
  if (record.target !== 'message') return [];
  const { layers, heads } = record.sizes;
  return Array.from({ length: layers * heads }, (_, pair) => rounded(shares[pair * ids.length + row]!));
}

function endOf(turn: PastTurn, number: number, tokens: readonly TokenTrace[], { record }: Run): AnswerEnd {
  const { heads } = record.sizes;
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
