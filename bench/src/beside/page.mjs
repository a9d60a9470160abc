import { align } from '../table.mjs';

/** @typedef {import('./records.d.ts').Candidate} Candidate */

/** Ids on each side of the first differing one that are shown. */
const SHOWN_IDS = 4;

/**
 * Formats the comparison of one model as text.
 *
 * @param {import('./records.d.ts').ModelRecord} record
 * @param {(id: number) => string} textOf returns the text of a token
 * @returns {string}
 */
export function formatPage({ model, llama, ids, refused, ends, runs, rounding, faults }, textOf) {
  const token = (/** @type {number} */ id) => `${id} ${JSON.stringify(textOf(id))}`;
  const counts = ids.map(({ title, total, differing }) => [title, `${total - differing.length} of ${total}`]);
  const figures = [
    ...runs.map(({ setting, continuations, equalContinuations, tokens, partings, distance }) => [
      `Holdfast f32 ‖ llama.cpp ${setting.title}`,
      `${equalContinuations} of ${continuations}`,
      `${tokens - partings.length} of ${tokens}`,
      ...distanceCells(distance),
    ]),
    ['llama.cpp, its two settings', '', '', ...distanceCells(rounding)],
  ];
  const parted = runs.filter(({ partings }) => partings.length > 0);
  return [
    `${model.file}, ${(model.sizeBytes / 1e6).toFixed(0)} MB, sha256 ${model.sha256}`,
    `${model.architecture}, ${model.layers} layers; llama.cpp ${llama.release} (node-llama-cpp ${llama.version})`,
    '',
    align([['ids', 'equal'], ...counts]),
    ...ids.flatMap(({ title, differing }) =>
      differing.map((each) => `  ${title}: ${difference(each, token)}`),
    ),
    ...refused.map(({ name, reason }) => `  left out: ${name}: ${reason}`),
    ...endsDiffering(ends, token),
    '',
    align([['greedy', 'continuations equal', 'tokens equal', 'rms of logits', 'largest'], ...figures]),
    ...parted.flatMap(({ setting, partings }) => [
      '',
      `Different tokens, llama.cpp ${setting.title}:`,
      ...partings.flatMap((parting) => describe(parting, token)),
    ]),
    '',
    ...(faults.length === 0 ? ['No unexplained difference.'] : faults.map((fault) => `FAULT: ${fault}`)),
  ].join('\n');
}

/** @param {import('./records.d.ts').Distance} distance */
function distanceCells({ rms, largest }) {
  return [rms.toPrecision(2), largest.toPrecision(2)];
}

/**
 * @param {import('./records.d.ts').IdComparison['differing'][number]} pair
 * @param {(id: number) => string} token
 */
function difference({ name, ours, peer, explanation }, token) {
  const at = ours.findIndex((id, index) => id !== peer[index]);
  const first = at < 0 ? ours.length : at;
  const part = (/** @type {readonly number[]} */ ids) =>
    ids
      .slice(first, first + SHOWN_IDS)
      .map(token)
      .join(', ');
  const why = explanation === null ? '' : ` (${explanation})`;
  return `${name}, from token ${first}: Holdfast ${part(ours)} ‖ llama.cpp ${part(peer)}${why}`;
}

/**
 * @param {import('./records.d.ts').ModelRecord['ends']} ends
 * @param {(id: number) => string} token
 */
function endsDiffering({ ours, peer }, token) {
  const only = (/** @type {readonly number[]} */ one, /** @type {readonly number[]} */ other) =>
    one.filter((id) => !other.includes(id)).map(token);
  /** @type {[string, string[]][]} */
  const notes = [
    [
      'a text begins with a BOS only in',
      ours.addsBos === peer.addsBos ? [] : [ours.addsBos ? 'Holdfast' : 'llama.cpp'],
    ],
    ['ends an answer only in Holdfast', only(ours.endOfTurn, peer.endOfTurn)],
    ['ends an answer only in llama.cpp', only(peer.endOfTurn, ours.endOfTurn)],
  ];
  return notes.filter(([, ids]) => ids.length > 0).map(([title, ids]) => `  ${title}: ${ids}`);
}

/**
 * @param {import('./records.d.ts').Parting} parting
 * @param {(id: number) => string} token
 */
function describe({ continuation, token: number, ours, peer, gaps, bound, verdict }, token) {
  const candidates = (/** @type {readonly Candidate[]} */ all) =>
    all.map(({ id, logit }) => `${token(id)} ${logit.toFixed(3)}`).join(', ');
  const because = verdict === 'own rounding' ? '; its F32 copy chooses as Holdfast' : '';
  const sum = (gaps.ours + gaps.peer).toFixed(3);
  return [
    `  ${continuation}, token ${number}: gaps ${gaps.ours.toFixed(3)} + ${gaps.peer.toFixed(3)} = ${sum}, bound ${bound.toFixed(3)}: ${verdict}${because}`,
    `    Holdfast   ${candidates(ours)}`,
    `    llama.cpp  ${candidates(peer)}`,
  ];
}
