import { describe, expect, it } from 'vitest';
import type { Span } from '../text/index.js';
import { SHARE_COLUMNS, sharesByColumn } from './share-columns.js';

const SPANS: readonly (Span & { readonly before: number; readonly after: number })[] = [
  { role: 'sink', turn: 0, start: 0, end: 1, before: 0.1, after: 0.2 },
  { role: 'system', turn: 0, start: 1, end: 4, before: 0.2, after: 0.3 },
  { role: 'template', turn: 0, start: 4, end: 5, before: 0.05, after: 0.1 },
  { role: 'user', turn: 1, start: 5, end: 7, before: 0.15, after: 0.1 },
  { role: 'user', turn: 1, start: 7, end: 8, before: 0.1, after: 0.05 },
  { role: 'assistant', turn: 1, start: 8, end: 12, before: 0.2, after: 0.15 },
  { role: 'user', turn: 2, start: 12, end: 14, before: 0.05, after: 0.05 },
  { role: 'assistant', turn: 2, start: 14, end: 15, before: 0.15, after: 0.05 },
];
/** The prompt is the system message and its tail; the random span has no place before token 12. */
const watchedAt = (position: number) => [[1, 2], [0, 1, 2], position < 12 ? null : [4, 5]];

const GRID = { layers: 2, heads: 1, windows: [4, null] };

/** Shares of the second of two heads; the first has none. */
function columnsAt(position: number): Record<string, number> {
  const spans = SPANS.filter(({ end }) => end <= position);
  const of = (when: 'before' | 'after') =>
    Float32Array.from([...spans.map(() => 0), ...spans.map((span) => span[when])]);
  const { shares } = sharesByColumn(
    {
      position,
      spans,
      watched: watchedAt(position),
      shares: { target: null, spans: { ranges: spans, before: of('before'), after: of('after') } },
    },
    2,
    GRID,
  );
  expect(shares.length).toBe(2 * SHARE_COLUMNS.length);
  const named = SHARE_COLUMNS.map((name, column) => [name, shares[2 * column + 1]!] as const);
  return Object.fromEntries(named);
}

describe('shares by column', () => {
  it('count every token for one speaker, and for the targets that contain it', () => {
    const columns = columnsAt(15);
    const expected: Record<string, number> = {
      ...{ prompt: 0.25, prefix: 0.35, system: 0.2, sink: 0.1, template: 0.05, user: 0.3, assistant: 0.2 },
      ...{ answer: 0.15, random: 0.3, prompt_after: 0.4 },
    };
    for (const name of SHARE_COLUMNS) expect(columns[name], name).toBeCloseTo(expected[name]!, 6);
    const speakers = ['sink', 'system', 'template', 'user', 'assistant', 'answer'];
    expect(speakers.reduce((sum, name) => sum + columns[name]!, 0)).toBeCloseTo(1, 6);
  });

  it('have no random span before the dialogue contains all of it', () => {
    expect(columnsAt(8).random).toBeNaN();
    expect(columnsAt(12).random).toBeCloseTo(0.3, 6);
  });

  it('say which columns the heads in means see, and which layers see the prompt', () => {
    const spans = SPANS.filter(({ end }) => end <= 12);
    const none = new Float32Array(spans.length * 2);
    const row = {
      ...{ position: 12, spans, watched: watchedAt(11) },
      shares: { target: null, spans: { ranges: spans, before: none, after: none } },
    };
    const seenBy = (windows: readonly (number | null)[]) => {
      const { seen, layersSeeing } = sharesByColumn(row, 1, { layers: 2, heads: 1, windows });
      return { seen: SHARE_COLUMNS.filter((_, column) => seen[column] === 1), layers: [...layersSeeing] };
    };
    // There is no earlier answer: its share is 0, and in the means.
    const all = ['prompt', 'system', 'sink', 'template', 'user', 'assistant', 'answer', 'prefix'];
    all.push('prompt_after');
    expect(seenBy([4, null])).toEqual({ seen: all, layers: [0, 1] });
    // Row 11 sees tokens 4 to 11 in layer 1, and with them the prompt's tail, which is its last token.
    const tail = ['prompt', 'template', 'user', 'assistant', 'answer', 'prefix', 'prompt_after'];
    expect(seenBy([4, 8])).toEqual({ seen: tail, layers: [0, 1] });
    expect(seenBy([7, 7])).toEqual({ seen: ['user', 'assistant', 'answer'], layers: [0, 0] });
  });

  it('are refused of a dialogue without a system message', () => {
    const spans = SPANS.slice(0, 1);
    const one = { ranges: spans, before: new Float32Array(1), after: new Float32Array(1) };
    const row = { position: 1, spans, watched: [null, null, null], shares: { target: null, spans: one } };
    expect(() => sharesByColumn(row, 1, GRID)).toThrow(/E_TARGET.*no system message/);
  });
});
