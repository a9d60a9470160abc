import { distance, partings } from './logits.mjs';
import { SETTINGS } from './peer.mjs';

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
  /** @type {(reading: Ours | PeerReading, form: 'asWords' | 'asTemplate') => import('./records.d.ts').Named[]} */
  const texts = (reading, form) => reading.texts.map((text) => ({ name: text.name, ids: text[form] }));
  const ids = [
    compareIds('texts, control tokens as words', texts(ours, 'asWords'), texts(stored, 'asWords')),
    compareIds('texts, control tokens as such', texts(ours, 'asTemplate'), texts(stored, 'asTemplate')),
    compareIds('chats', ours.chats, stored.chats),
  ];
  const runs = [compareRun(ours, SETTINGS.exact, exact), compareRun(ours, SETTINGS.stored, stored)];
  const rounding = distance(stored.rows, exact.rows);
  return { ids, runs, rounding, faults: faultsOf(ids, runs, rounding) };
}

/**
 * @param {string} title
 * @param {readonly import('./records.d.ts').Named[]} ours
 * @param {readonly import('./records.d.ts').Named[]} peer the same texts
 * @returns {import('./records.d.ts').IdComparison}
 */
function compareIds(title, ours, peer) {
  const pairs = ours.map(({ name, ids }, text) => ({ name, ours: ids, peer: peer[text].ids }));
  return { title, total: pairs.length, differing: pairs.filter((pair) => `${pair.ours}` !== `${pair.peer}`) };
}

/**
 * @param {Ours} ours
 * @param {import('./records.d.ts').PeerSetting} setting
 * @param {PeerReading} peer
 * @returns {import('./records.d.ts').RunComparison}
 */
function compareRun({ continuations }, setting, { rows }) {
  const each = continuations.map((continuation, at) => partings(continuation, rows[at]));
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
 * Returns what cannot be explained by rounding. Near ties alone would not show an error that moves all logits, because
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
    ...ids
      .filter(({ differing }) => differing.length > 0)
      .map(({ title, differing, total }) => `${differing.length} of ${total} ${title}: the ids differ`),
    ...runs.flatMap(({ setting, partings: found }) => {
      const real = found.filter(({ isNearTie }) => !isNearTie).length;
      return real === 0
        ? []
        : [`${real} greedy tokens differ by more than rounding (llama.cpp, ${setting.title})`];
    }),
    ...(exact.distance.rms <= rounding.rms
      ? []
      : ['the logits are further from those of the F32 copy than llama.cpp’s own rounding moves them']),
  ];
}
