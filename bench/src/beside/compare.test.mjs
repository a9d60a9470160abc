import assert from 'node:assert/strict';
import { it } from 'node:test';
import { compare } from './compare.mjs';
import { formatPage } from './page.mjs';

const row = (/** @type {number[]} */ ...logits) => Float32Array.from(logits);
const shifted = (/** @type {number} */ by) => [[row(9 + by, 8, 7, 6, 5), row(9, 8 + by, 7, 6, 5)]];
const ids = { asWords: [1, 2, 3], asTemplate: [1, 2] };
const texts = [{ name: 'Llama look-alikes', ...ids, composed: ids }];
const chats = [{ name: 'chat', text: 'Hi', ids: [4] }];
const ends = { bos: 1, addsBos: true, endOfTurn: [2] };
const ours = {
  ...{ architecture: 'llama', layers: 1, vocabSize: 5, texts, chats, refused: [], ends },
  continuations: [{ name: 'fact', ids: [1, 0, 0], promptLength: 1, from: 0, rows: shifted(0)[0] }],
  textOf: String,
};
const peer = { version: '1', release: 'v1', texts, retyped: [], chats, ends };
const stored = { ...peer, rows: shifted(0.25) };

it('finds no fault if the ids are equal and Holdfast is closer to the copy than the stored file is', () => {
  const { faults, ids, runs } = compare(ours, { exact: { ...peer, rows: shifted(0.0625) }, stored });
  assert.deepEqual(faults, []);
  assert.deepEqual(
    ids.map(({ differing }) => differing),
    [[], [], []],
  );
  assert.deepEqual(
    runs.map(({ setting, tokens, equalContinuations }) => [setting.id, tokens, equalContinuations]),
    [
      ['exact', 2, 1],
      ['stored', 2, 1],
    ],
  );
});

it('finds an error that moves all logits, though it widens the bound of near ties', () => {
  const { faults } = compare(ours, {
    exact: { ...peer, rows: shifted(-0.5) },
    stored: { ...peer, rows: shifted(-0.4) },
  });
  assert.equal(faults.length, 1);
  assert.match(faults[0], /further from those of the F32 copy/);
});

it('finds differing ids, and shows where they begin', () => {
  const other = { asWords: [1, 4], asTemplate: [1, 2] };
  const record = {
    model: { file: 'm.gguf', sizeBytes: 1, sha256: 'a', architecture: 'llama', layers: 1, vocabSize: 5 },
    llama: { version: '1', release: 'v1' },
    threads: 1,
    refused: [],
    ends: { ours: ends, peer: { ...ends, endOfTurn: [2, 4] } },
    ...compare(ours, {
      exact: { ...peer, rows: shifted(0) },
      stored: { ...stored, texts: [{ name: 'Llama look-alikes', ...other, composed: other }] },
    }),
  };
  assert.deepEqual(record.faults, ['1 of 1 texts, control tokens as words: the ids differ']);
  const page = formatPage(record, (id) => `t${id}`);
  assert.match(page, /look-alikes, from token 1: Holdfast 2 "t2", 3 "t3" ‖ llama\.cpp 4 "t4"\n/);
  assert.match(page, /ends an answer only in llama\.cpp: 4 "t4"/);
  assert.match(page, /FAULT: 1 of 1 texts/);
});

it('explains ids by a normal form that llama.cpp does not apply, and by tokens whose type it changes', () => {
  const other = { asWords: [9], asTemplate: [9] };
  /** @type {(composed: typeof ids, retyped: string[]) => (string | null)[]} */
  const explanations = (composed, retyped) => {
    const text = { name: 'Llama look-alikes', ...other, composed };
    const compared = compare(ours, {
      exact: { ...peer, rows: shifted(0) },
      stored: { ...stored, texts: [text], retyped },
    });
    assert.equal(compared.faults.length, compared.ids[0].differing[0].explanation === null ? 2 : 0);
    return compared.ids.flatMap(({ differing }) => differing.map(({ explanation }) => explanation));
  };
  assert.deepEqual(explanations(other, []), [null, null]);
  assert.deepEqual(explanations(other, ['<not in the text>']), [null, null]);
  assert.match(`${explanations(other, ['</s>'])}`, /gives <\/s> another type.*gives <\/s> another type/);
  assert.match(`${explanations(ids, [])}`, /in NFC.*in NFC/);
});
