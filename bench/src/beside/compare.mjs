import { distance, partings } from './logits.mjs';
import { SETTINGS } from './peer.mjs';
import { TEXTS } from './texts.mjs';

/** @typedef {import('./records.d.ts').Ours} Ours */
/** @typedef {import('./records.d.ts').PeerReading} PeerReading */

/**
 * Compares what Holdfast computes with what llama.cpp computes, both from a copy of the weights in F32 and as stored.
 *
 * @param {Ours} ours
 * @param {{ exact: PeerReading, stored: PeerReading }} peers
 * @returns {import('./records.d.ts').Comparison}
 */
export function compare(ours, { exact, stored }) {
  const ids = [
    compareTexts('texts, control tokens as words', 'asWords', ours, stored),
    compareTexts('texts, control tokens as such', 'asTemplate', ours, stored),
    compareIds('chats', ours.chats, stored.chats, () => null),
  ];
  const runs = [
    compareRun(ours, SETTINGS.exact, exact, exact),
    compareRun(ours, SETTINGS.stored, stored, exact),
  ];
  const rounding = distance(stored.rows, exact.rows);
  return { ids, runs, rounding, faults: faultsOf(ids, runs, rounding) };
}

/**
 * @param {string} title
 * @param {'asWords' | 'asTemplate'} form
 * @param {Ours} ours
 * @param {PeerReading} peer
 */
function compareTexts(title, form, ours, { texts, retyped }) {
  const idsOf = (/** @type {readonly import('./records.d.ts').TokenisedText[]} */ all) =>
    all.map((text) => ({ name: text.name, ids: text[form] }));
  return compareIds(title, idsOf(ours.texts), idsOf(texts), (at) => {
    const { name, composed } = texts[at];
    const token = retyped.find((text) => TEXTS[name].includes(text));
    if (token !== undefined) return `llama.cpp gives ${token} another type than the file does`;
    const isComposed = equal(composed[form], ours.texts[at][form]);
    return isComposed ? 'the ids are those of the text in NFC, to which llama.cpp does not normalise' : null;
  });
}

/**
 * @param {string} title
 * @param {readonly import('./records.d.ts').Named[]} ours
 * @param {readonly import('./records.d.ts').Named[]} peer the same texts
 * @param {(text: number) => string | null} explain returns why the ids of a text differ
 * @returns {import('./records.d.ts').IdComparison}
 */
function compareIds(title, ours, peer, explain) {
  const differing = ours.flatMap(({ name, ids }, at) =>
    equal(ids, peer[at].ids) ? [] : [{ name, ours: ids, peer: peer[at].ids, explanation: explain(at) }],
  );
  return { title, total: ours.length, differing };
}

/**
 * @param {readonly number[]} one
 * @param {readonly number[]} other
 */
function equal(one, other) {
  return one.length === other.length && one.every((id, at) => id === other[at]);
}

/**
 * @param {Ours} ours
 * @param {import('./records.d.ts').PeerSetting} setting
 * @param {PeerReading} peer
 * @param {PeerReading} exact
 * @returns {import('./records.d.ts').RunComparison}
 */
function compareRun({ continuations }, setting, { rows }, exact) {
  const each = continuations.map((continuation, at) => partings(continuation, rows[at], exact.rows[at]));
  return {
    setting,
    continuations: each.length,
    equalContinuations: each.filter((found) => found.length === 0).length,
    tokens: continuations.reduce((sum, { ids, promptLength }) => sum + ids.length - promptLength, 0),
    partings: each.flat(),
    distance: distance(
      continuations.map((continuation) => continuation.rows),
      rows,
    ),
  };
}

/**
 * Returns what is not explained. Near ties alone would not show an error that moves all logits, because
 * it would also raise their bound. So Holdfast in f32 must also be closer to llama.cpp in F32 than llama.cpp's own
 * rounding moves it.
 *
 * @param {readonly import('./records.d.ts').IdComparison[]} ids
 * @param {readonly import('./records.d.ts').RunComparison[]} runs
 * @param {import('./records.d.ts').Distance} rounding
 */
function faultsOf(ids, runs, rounding) {
  const [exact] = runs;
  return [
    ...ids.flatMap(({ title, differing, total }) => {
      const unexplained = differing.filter(({ explanation }) => explanation === null).length;
      return unexplained === 0 ? [] : [`${unexplained} of ${total} ${title}: the ids differ`];
    }),
    ...runs.flatMap(({ setting, partings: found }) => {
      const real = found.filter(({ verdict }) => verdict === 'real difference').length;
      return real === 0
        ? []
        : [`${real} greedy tokens differ by more than rounding (llama.cpp, ${setting.title})`];
    }),
    ...(exact.distance.rms <= rounding.rms
      ? []
      : ['the logits are further from those of the F32 copy than llama.cpp’s own rounding moves them']),
  ];
}
