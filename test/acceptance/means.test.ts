import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { resolveTarget } from '../../src/attention/index.js';
import { createJsonView } from '../../src/cli/chat/json-view.js';
import { createOutput } from '../../src/cli/terminal/output.js';
import { layoutPrompt, openChat, type SteeringOptions, type Turn } from '../../src/dialogue/index.js';
import type { Model } from '../../src/engine/index.js';
import { EMBEDDED_MODEL, loadModel } from '../../src/load.js';
import { measureDecay, measureDialogue } from '../../src/measure/index.js';
import { leadDialogue } from '../../src/study/run/lead-dialogue.js';
import { traceRun } from '../../src/trace/index.js';
import { ask, CHAT, loadFixture } from '../support/chat-fixtures.js';
import { armOf, SCENARIO } from '../support/scenario-fixtures.js';
import { NOW } from '../support/text-fixtures.js';

/** All means are compared with ones computed here from whole attention rows, by the formula in docs/guide/shares.md. */
const TOLERANCE = 1e-6;
const K = 0.6;
const USERS = ['What of it?', 'Pull harder.', 'And now?'];

interface TokenRange {
  readonly start: number;
  readonly end: number;
}

/** The attention rows of a dialogue after the policy: position → `[layers][heads]` → weights of all keys. */
type AttentionRows = Map<number, (readonly Float32Array[])[]>;

/** Returns the model with an executor that records every attention row. A row that is computed again replaces the first. */
function recorded(model: Model, rows: AttentionRows): Model {
  const { executor } = model;
  const layers = Array.from({ length: executor.blueprint.layers.length }, (_, layer) => layer);
  const { heads } = executor.blueprint.layers[0]!.attention;
  return {
    ...{ name: model.name, tokenizer: model.tokenizer, format: model.format, hash: () => model.hash() },
    dispose: () => model.dispose(),
    executor: {
      ...{ name: executor.name, blueprint: executor.blueprint, precision: executor.precision },
      open: (length) => executor.open(length),
      copy: (sequence) => executor.copy(sequence),
      dispose: () => executor.dispose(),
      async forward(requests, options) {
        const starts = requests.map(({ sequence }) => sequence.length);
        const tapped = requests.map((request) => ({ ...request, taps: { attention: layers } }));
        const results = await executor.forward(tapped, options);
        for (const [index, { attention }] of results.entries()) {
          const count = requests[index]!.tokens.length;
          const keys = starts[index]! + count;
          for (let row = 0; row < count; row++) {
            const ofRow = layers.map((layer) =>
              Array.from({ length: heads }, (_, head) => {
                const at = (head * count + row) * keys;
                return attention.get(layer)!.slice(at, at + keys);
              }),
            );
            rows.set(starts[index]! + row, ofRow);
          }
        }
        return results;
      },
    },
  };
}

const windowsOf = ({ executor }: Model): number[] =>
  executor.blueprint.layers.map(({ attention }) => attention.window ?? Number.POSITIVE_INFINITY);

const inRanges = (token: number, ranges: readonly TokenRange[]): boolean =>
  ranges.some(({ start, end }) => token >= start && token < end);

/** Returns the number of tokens that a row sees, and how many of them are in the ranges. */
function seen(row: number, window: number, ranges: readonly TokenRange[]): { all: number; inside: number } {
  const tokens = Array.from({ length: row + 1 }, (_, token) => token).filter((token) => token > row - window);
  return { all: tokens.length, inside: tokens.filter((token) => inRanges(token, ranges)).length };
}

const shareIn = (weights: Float32Array, ranges: readonly TokenRange[]): number =>
  weights.reduce((sum, weight, token) => (inRanges(token, ranges) ? sum + weight : sum), 0);

const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;

/** The mean over rows and heads that every surface reports; `power` undoes split-softmax: π = (π′)^(1/k). */
function meanOf(
  model: Model,
  rows: AttentionRows,
  [first, end]: readonly [number, number],
  ranges: readonly TokenRange[],
  power = 1,
): number | null {
  const windows = windowsOf(model);
  const widest = Math.max(...windows);
  const shares: number[] = [];
  for (let row = first; row < end; row++) {
    if (seen(row, widest, ranges).inside === 0) continue;
    for (const [layer, window] of windows.entries()) {
      if (window !== widest) continue;
      for (const weights of rows.get(row)![layer]!) shares.push(shareIn(weights, ranges) ** power);
    }
  }
  return mean(shares);
}

/** A receipt's mean of one layer. */
function layerMean(
  model: Model,
  rows: AttentionRows,
  [first, end]: readonly [number, number],
  ranges: readonly TokenRange[],
  layer: number,
  power = 1,
): number | null {
  const shares: number[] = [];
  for (let row = first; row < end; row++) {
    const { all, inside } = seen(row, windowsOf(model)[layer]!, ranges);
    if (inside === 0 || inside === all) continue;
    for (const weights of rows.get(row)![layer]!) shares.push(shareIn(weights, ranges) ** power);
  }
  return mean(shares);
}

function expectMean(found: number | null | undefined, expected: number | null, what: string): void {
  if (expected === null) expect(found ?? null, what).toBeNull();
  else expect(Math.abs(found! - expected), `${what}: ${found}, not ${expected}`).toBeLessThan(TOLERANCE);
}

/** The rows that chose an answer's tokens. */
const answerRows = (prompt: number, tokens: number): readonly [number, number] => [
  prompt - 1,
  prompt - 1 + tokens,
];

/** The tokens of the system message and of the sink: the system message is at the front, and does not move. */
function rangesIn({ format }: Model): {
  readonly prompt: readonly TokenRange[];
  readonly sink: TokenRange[];
} {
  const messages = [
    { role: 'system', content: SCENARIO.system },
    { role: 'user', content: USERS[0]! },
  ] as const;
  const layout = layoutPrompt(format!, messages, { trustContent: false, now: NOW });
  return { prompt: resolveTarget({ kind: 'message' }, layout), sink: [{ start: 0, end: 1 }] };
}

/** Returns the JSON that `chat --json` writes of a turn. */
function jsonOf(turn: Turn): {
  shares: { before: number; after: number } | null;
  parts: Record<'prompt' | 'sink', { before: number; after: number } | null>;
  receipt: { meanBefore: (number | null)[]; meanAfter: (number | null)[]; changeable: number[] };
} {
  let text = '';
  const output = createOutput({ write: (chunk) => (text += chunk) });
  createJsonView({ stdout: output, stderr: output }).answered([{ side: null, turns: [turn] }]);
  return JSON.parse(text);
}

/** A full layer among seven, full layers among windows, only windows, no window. */
const MODELS: Readonly<Record<string, () => Promise<Model>>> = {
  gemma3: () => loadFixture('gemma3'),
  gemma2: () => loadFixture('gemma2'),
  mistral: () => loadFixture('mistral'),
  llama: () => loadFixture('llama'),
  organism: () => loadModel(EMBEDDED_MODEL, { executor: 'reference' }),
};

const ARMS: readonly (readonly [string, SteeringOptions, number])[] = [
  ['off', { policy: 'off' }, 1],
  ['split-softmax', { policy: 'split-softmax', strength: K }, 1 / K],
];

describe.each(Object.keys(MODELS))('every mean of shares on %s', (name) => {
  describe.each(ARMS)('under %s', (_, settings, power) => {
    const load = async (): Promise<{ model: Model; rows: AttentionRows }> => {
      const plain = await MODELS[name]!();
      onTestFinished(() => plain.dispose());
      const rows: AttentionRows = new Map();
      return { model: recorded(plain, rows), rows };
    };

    it('is the mean of the attention rows: in chats, their JSON and their receipts, and in a trace', async () => {
      const { model, rows } = await load();
      const ranges = rangesIn(model);
      const chat = openChat(model, { ...CHAT, ...settings });
      for (const user of USERS) {
        const { turn, steps } = await ask(chat, user);
        const of = answerRows(turn.timing.promptTokens, turn.ids.length);
        const json = jsonOf(turn);
        const before = meanOf(model, rows, of, ranges.prompt, power);
        const after = meanOf(model, rows, of, ranges.prompt);
        expectMean(turn.shares!.mean?.before, before, 'target before');
        expectMean(turn.shares!.mean?.after, after, 'target after');
        expectMean(json.shares?.before, before, 'JSON before');
        expectMean(json.parts.prompt?.after, after, 'JSON, prompt after');
        expectMean(json.parts.sink?.after, meanOf(model, rows, of, ranges.sink), 'JSON, sink after');
        for (const { position, shares } of steps) {
          const row = [position - 1, position] as const;
          expectMean(shares.target?.after, meanOf(model, rows, row, ranges.prompt), `step ${position}`);
        }
        // The answer's last token is chosen, not forwarded.
        const forwarded = [turn.timing.reusedTokens, of[1]] as const;
        for (const layer of model.executor.blueprint.layers.keys()) {
          const was = layerMean(model, rows, forwarded, ranges.prompt, layer, acted(turn) ? power : 1);
          expectMean(json.receipt.meanBefore[layer], was, `receipt, layer ${layer}, before`);
          const now = layerMean(model, rows, forwarded, ranges.prompt, layer);
          expectMean(json.receipt.meanAfter[layer], now, `receipt, layer ${layer}, after`);
        }
      }
      if (settings.policy === 'off') {
        const last = chat.turns.at(-1)!;
        const ids = [...chat.session.tokens];
        const { tensors } = await traceRun(model, { input: ids, tensors: ['attention'], attention: 'all' });
        const traced: AttentionRows = new Map();
        const { heads } = model.executor.blueprint.layers[0]!.attention;
        for (const row of ids.keys()) {
          const ofRow = tensors.map(({ data }) =>
            Array.from({ length: heads }, (_, head) => {
              const at = (head * ids.length + row) * ids.length;
              return (data as Float32Array).slice(at, at + ids.length);
            }),
          );
          traced.set(row, ofRow);
        }
        const of = answerRows(last.timing.promptTokens, last.ids.length);
        expectMean(last.parts.prompt!.mean?.before, meanOf(model, traced, of, ranges.prompt), 'trace');
      }
      chat.dispose();
    });

    it('is the mean of the attention rows: in measurements and studies', async () => {
      const { model, rows } = await load();
      const ranges = rangesIn(model);
      const folder = mkdtempSync(join(tmpdir(), 'holdfast-means-'));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      /** Computed at once: a later turn may compute the rows of an answer again. */
      const expected: { readonly before: number | null; readonly after: number | null }[] = [];
      const { summary } = await measureDecay({
        model,
        dialogues: 1,
        open: () => ({
          ...{ scenario: 's', group: 'g', system: SCENARIO.system, given: [], rounds: SCENARIO.rounds },
          events: (async function* () {
            const options = { ...CHAT, ...settings, now: NOW };
            for await (const event of measureDialogue(model, SCENARIO, options, 0)) {
              if (event.kind === 'turn') {
                const of = answerRows(event.turn.contextTokens, event.turn.answerTokens);
                expected.push({
                  before: meanOf(model, rows, of, ranges.prompt, power),
                  after: meanOf(model, rows, of, ranges.prompt),
                });
              }
              yield event;
            }
          })(),
        }),
        facts: {},
        paths: { shares: join(folder, 's.parquet'), dialogues: join(folder, 'd.jsonl') },
      });
      expect(summary.turns.length).toBe(SCENARIO.rounds);
      for (const [index, { shares }] of summary.turns.entries()) {
        expectMean(shares.prompt?.value, expected[index]!.before, 'measure, before');
        expectMean(shares.prompt_after?.value, expected[index]!.after, 'measure, after');
      }

      rows.clear();
      const { record } = await leadDialogue(model, SCENARIO, armOf(settings), {
        ...{
          sampling: CHAT.sampling,
          maxTokens: CHAT.maxTokens,
          probeRounds: [],
          probeRepeats: 1,
          seed: 1,
          index: 0,
          now: NOW,
        },
      });
      // The rows of the last answer are the last that were computed.
      const { contextTokens, share, heads, controls } = record.rounds.at(-1)!;
      const of = [contextTokens - 1, Math.max(...rows.keys()) + 1] as const;
      expectMean(share.before, meanOf(model, rows, of, ranges.prompt, power), 'study, before');
      expectMean(share.after, meanOf(model, rows, of, ranges.prompt), 'study, after');
      if (settings.policy === 'off') {
        expectMean(controls.sink, meanOf(model, rows, of, ranges.sink), 'study, sink');
        const windows = windowsOf(model);
        const perLayer = heads.length / windows.length;
        const inSight = windows.flatMap((window) =>
          Array<boolean>(perLayer).fill(seen(of[0], window, ranges.prompt).inside > 0),
        );
        expect(heads.map((each) => each !== null)).toEqual(inSight);
      }
    });
  });
});

const acted = ({ receipt }: Turn): boolean => receipt!.headsAsked.some((heads) => heads > 0);
