// What docs/results/replication.md says of each model, in sentences.
import { grouped } from '../../dist/grouped.js';
import { estimateText, numberText, verdictOf } from '../../dist/report/index.js';
import { contrastsOf } from './contrasts.mjs';
import { armOf, costOf, effectOf, estimateIn, familyOf, influenceOf, offIn } from './studies.mjs';
import { targetPairs } from './tables.mjs';

const nats = (estimate) => estimateText(estimate, { digits: 3 });
const points = (estimate, digits = 2) => estimateText(estimate, { signed: true, digits });
const percent = (part) => `${numberText(100 * part, { digits: 0 })} %`;
const roundsOf = ([first, last]) => (first === last ? `round ${first}` : `rounds ${first}–${last}`);
const range = (values, style) => {
  const [low, high] = [Math.min(...values), Math.max(...values)].map((value) => numberText(value, style));
  return low === high ? low : `${low} to ${high}`;
};

const isAtFloor = (model) => verdictOf(estimateIn(offIn(model, 'above-chance'), 'early')) !== 'above';

/** Says what the untouched model loses. */
export function decayWords(model) {
  const { early, late } = model.spec;
  const influence = influenceOf(model, 'off');
  const [first, last] = [estimateIn(influence, 'early'), estimateIn(influence, 'late')];
  const lost =
    first.low > last.high
      ? `loses ${percent(1 - last.value / first.value)} of its influence`
      : 'is not seen to lose its influence';
  const life = estimateIn(influence, 'half_life');
  const halves = Number.isFinite(life.value)
    ? `; half of it in every ${estimateText(life, { digits: 1, infinite: 'never' })} rounds`
    : '';
  return `The prompt ${lost}: ${nats(first)} nats a token in ${roundsOf(early)}, ${nats(last)} in ${roundsOf(late)}${halves}.`;
}

/** Says whether the untouched model follows its prompts, and loses that. */
export function obedienceWords(model) {
  const above = offIn(model, 'above-chance');
  const early = estimateIn(above, 'early');
  if (isAtFloor(model)) {
    return `At the floor: above chance, its obedience is ${points(early)} in ${roundsOf(model.spec.early)}. It is not seen to follow these prompts even at the start, so it has no obedience to lose or to hold.`;
  }
  const change = estimateIn(above, 'change');
  const fall = {
    above: 'a rise of',
    below: 'a fall of',
    unclear: `no fall is seen (at most ${bound(-change.low)}), a change of`,
  }[verdictOf(change)];
  const slope = estimateText(estimateIn(offIn(model, 'stability'), 'slope'), { signed: true, digits: 4 });
  return `Above chance, its obedience is ${points(early)} in ${roundsOf(model.spec.early)} and ${points(estimateIn(above, 'late'))} in ${roundsOf(model.spec.late)}: ${fall} ${points(change)}. The slope over all probed rounds is ${slope} a round.`;
}

/** Returns a bound as text, rounded up, so that it is still a bound. */
const bound = (value) => (Math.ceil(100 * Math.max(0, value)) / 100).toFixed(2);

/** Returns the arms of a study by what they do. */
function familiesIn({ spec }) {
  const arms = spec.arms.filter(({ name }) => name !== 'off');
  return new Map([...grouped(arms, familyOf)].map(([family, own]) => [family, own.map(({ name }) => name)]));
}

/** Says what brings influence back, by family, the most first. */
export function influenceWords(model) {
  const valuesOf = (arms, rowOf, column) =>
    arms.map((arm) => estimateIn(rowOf(model, arm), column)?.value).filter(Number.isFinite);
  const told = [...familiesIn(model)].flatMap(([family, arms]) => {
    const ratios = valuesOf(arms, influenceOf, 'ratio');
    if (ratios.length === 0) return [];
    const costs = valuesOf(arms, costOf, 'kl');
    return [
      {
        text: `${family} × ${range(ratios, { digits: 2 })} (${range(costs, { digits: 3 })})`,
        most: Math.max(...ratios),
      },
    ];
  });
  const text = told.sort((a, b) => b.most - a.most).map((each) => each.text);
  return `Late influence on the same answers, × the untouched model's, and in brackets what it costs (KL divergence, nats a token): ${text.join('; ')}.`;
}

/** Returns the difference of every led arm from the untouched model in late obedience, and whether the report says that it differs. */
function heldArms(model) {
  return model.spec.arms.flatMap(({ name }) => {
    const row = effectOf(model, name);
    const difference = estimateIn(row, 'difference');
    if (difference === null) return [];
    return [
      { name, difference, words: row.words, plan: row.plan, isSeen: /^(better|worse)/.test(row.words) },
    ];
  });
}

/** Answers the question of the page for a model, by late obedience, or by influence if no arm led dialogues. */
export function answerWords(model) {
  const arms = heldArms(model);
  if (arms.length === 0) {
    return `**${model.label}: obedience was not tested**; influence on ${model.dialogues} dialogues. ${influenceWords(model)}`;
  }
  const better = arms.filter(({ words }) => words === 'better');
  if (better.length === 0) {
    const why = isAtFloor(model) ? 'it does not follow these prompts even at first, and ' : '';
    return `**${model.label}: not seen**; ${why}late obedience changes by at most ${bound(Math.max(...arms.map(largest)))}.`;
  }
  const gains = range(
    better.map(({ difference }) => difference.value),
    { digits: 2 },
  );
  const costs = better.map(({ name }) => estimateIn(costOf(model, name), 'kl').value);
  const price = `by ${gains}, for ${range(costs, { digits: 3 })} nats a token`;
  const isPolicy = ({ name }) => {
    const { policy, target } = armOf(model, name);
    return policy !== 'off' && target.kind !== 'random';
  };
  if (!better.some(isPolicy)) {
    const most = bound(Math.max(...arms.filter(isPolicy).map(largest)));
    return `**${model.label}: not by a policy**, which changes late obedience by at most ${most}; raised by ${better.map(({ name }) => name).join(', ')}, ${price}.`;
  }
  return `**${model.label}: yes**; ${better.length} of ${arms.length} arms raise late obedience, ${price}.`;
}

/** Says what the arms of a control did, in dialogues that are not those of the replication. */
export function controlWords(model) {
  const told = heldArms(model).map(({ name, difference }) => `${name} ${points(difference)}`);
  return `**${model.label}** ([${model.study}](${model.study}/report.md)): late obedience minus the untouched model's: ${told.join('; ')}.`;
}

/** Says what influence was, and what the arms brought back of it, in dialogues that are not those of the replication. */
export function influenceAgainWords(model) {
  const { study, dialogues, prompts } = model;
  const measured = `influence on ${dialogues} dialogues of ${prompts} prompts`;
  return `**${model.label}** ([${study}](${study}/report.md)), ${measured}. ${decayWords(model)} ${influenceWords(model)}`;
}

/** Says what was seen of obedience under the arms; null if none was led. */
export function heldWords(model) {
  const arms = heldArms(model);
  const [seen, unseen] = [true, false].map((side) => arms.filter(({ isSeen }) => isSeen === side));
  const sentences = [
    ...(seen.length === 0
      ? []
      : [`Late obedience, minus the untouched model's: ${heldByFamily(model, seen).join('; ')}.`]),
    ...(unseen.length === 0
      ? []
      : [
          `No difference in late obedience was seen under the ${seen.length === 0 ? '' : 'other '}${unseen.length === 1 ? 'arm' : `${unseen.length} arms`} that led dialogues; it is at most ${bound(Math.max(...unseen.map(largest)))} ([below](#how-small-is-what-was-not-seen)).`,
        ]),
  ];
  return sentences.length === 0 ? null : sentences.join(' ');
}

/** Returns what arms brought back by family, and which of that was not planned or is gone after correction. */
function heldByFamily(model, arms) {
  return [...familiesIn(model)].flatMap(([family, names]) => {
    const own = arms.filter(({ name }) => names.includes(name));
    if (own.length === 0) return [];
    const values = own.map(({ difference }) => difference.value);
    const text = own.length === 1 ? points(own[0].difference) : range(values, { digits: 2, signed: true });
    const notes = [
      [({ plan }) => plan === 'after the fact', 'after the fact'],
      [({ words }) => /not after correction/.test(words), 'not after correction'],
    ].flatMap(([has, note]) => {
      const count = own.filter(has).length;
      return count === 0 ? [] : [count === own.length ? note : `${count} of ${own.length} ${note}`];
    });
    return [`${family} ${text}${notes.length === 0 ? '' : ` (${notes.join(', ')})`}`];
  });
}

/** Returns how far from zero an interval reaches. */
const largest = ({ difference: { low, high } }) => Math.max(-low, high);

/** Says what the arms that led dialogues cost in the quality of answers; null if none was led, or nothing was measured. */
export function qualityWords(model) {
  const rows = model.rows('quality');
  if (rows.length === 0) return null;
  const worse = rows
    .filter(({ words }) => words.startsWith('worse'))
    .map((row) => `${row.quality} under ${row.arm} (${points(estimateIn(row, 'difference'), 3)})`);
  const measured = [...new Set(rows.map(({ quality }) => quality))].join(' or ');
  return worse.length === 0
    ? `No arm is seen to cost ${measured}.`
    : `Worse than the untouched model's: ${worse.join('; ')}.`;
}

/** Says how large the differences may be that were not seen, in late obedience; null if all were. */
export function unseenWords(model) {
  const unseen = [
    ...heldArms(model).filter(({ isSeen }) => !isSeen),
    ...contrastsOf(model)
      .filter(({ measure, value, low, high }) => {
        return measure === 'obedience' && verdictOf({ value, low, high }) === 'unclear';
      })
      .map(({ arms: [first, second], low, high }) => ({
        name: `${first.name} − ${second.name}`,
        difference: { low, high },
      })),
  ];
  if (unseen.length === 0) return null;
  const bounds = unseen.map((arm) => `${arm.name} ${bound(largest(arm))}`);
  return `${model.label}, late obedience, at most: ${bounds.join('; ')}.`;
}

/** Says what the first token draws beside the prompt, and what message and prefix bring back at the same cost. */
export function sinkWords(model) {
  const shares = model.rows('attention', { arm: 'off' }).map((row) => [row.sink, row.share].map(Number));
  const [sink, prompt] = [0, 1].map((at) =>
    range(
      shares.map((each) => each[at]),
      { digits: 2 },
    ),
  );
  const rounds = shares.filter(([first, own]) => first > own).length;
  const more = { 0: 'less attention than the prompt', [shares.length]: 'more attention than the prompt' };
  const draws = more[rounds] ?? `more attention than the prompt in ${rounds} of ${shares.length} rounds`;
  return `**${model.label}**: the first token draws ${draws}: ${sink}, the prompt ${prompt} (untouched, by round).${equalCostWords(model)}`;
}

/** Says what message and prefix bring back at the dearest cost that both were measured at; nothing without a pair. */
function equalCostWords(model) {
  const pairs = targetPairs(model).filter(({ atEqualCost }) => atEqualCost !== null);
  if (pairs.length === 0) return '';
  const { prefix, atEqualCost } = pairs.reduce((a, b) => (a.prefix.kl > b.prefix.kl ? a : b));
  const [own, other] = [atEqualCost, prefix.ratio].map((ratio) => numberText(ratio, { digits: 2 }));
  return ` For the same ${numberText(prefix.kl, { digits: 3 })} nats a token, late influence is × ${own} on the message, × ${other} on the prefix.`;
}
