// Writes docs/results/replication.md and its figures from the reports of the replications, docs/results/replication-*: no number of
// the page is typed in. Run it again when another study is finished and its report is there:
//
//     npm run build
//     holdfast study report FOLDER                  # then copy report.md, figures and tables to docs/results/NAME
//     node scripts/replication-page.mjs             # or name the folders of reports
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  estimateText,
  markdownTable,
  numberText,
  readableTable,
  specSvg,
  verdictOf,
} from '../dist/report/index.js';
import { contrastsFigure, decayFigure, effectsFigure } from './replication/figures.mjs';
import { estimateIn, familyOf, firstReference, readReplication } from './replication/studies.mjs';

const RESULTS = 'docs/results';
const PAGE = join(RESULTS, 'replication.md');
const FIGURES = join(RESULTS, 'replication');

const isReplication = (name) => /^replication-(?!pilot)/.test(name);
const given = process.argv.slice(2);
const folders =
  given.length > 0
    ? given
    : readdirSync(RESULTS)
        .filter(isReplication)
        .map((name) => join(RESULTS, name));
const models = folders.filter((folder) => existsSync(join(folder, 'tables'))).flatMap(readReplication);
const studies = [...new Set(models.map(({ study }) => study))];
const waiting = readdirSync('experiments')
  .map((file) => basename(file, '.yaml'))
  .filter((name) => isReplication(name) && !studies.includes(name));

const nats = (estimate) => estimateText(estimate, { digits: 3 });
const points = (estimate) => estimateText(estimate, { signed: true });
const percent = (part) => `${numberText(100 * part, { digits: 0 })} %`;
const roundsOf = ([first, last]) => (first === last ? `round ${first}` : `rounds ${first}–${last}`);
const range = (values, digits) => {
  const [low, high] = [Math.min(...values), Math.max(...values)].map((value) =>
    numberText(value, { digits }),
  );
  return low === high ? low : `${low} to ${high}`;
};

const offIn = (model, table, having = {}) => model.rows(table, { arm: 'off', ...having })[0];
const influenceOf = (model, arm) => model.rows('influence', { arm, reference: firstReference(model) })[0];
const costOf = (model, arm) => model.rows('costs', { arm })[0];
const effectOf = (model, arm) => model.rows('differences', { arm, against: 'off', rounds: 'late' })[0];
const isAtFloor = (model) => verdictOf(estimateIn(offIn(model, 'above-chance'), 'early')) !== 'above';

/** Says what the untouched model loses. */
function decayWords(model) {
  const { early, late } = model.spec;
  const influence = influenceOf(model, 'off');
  const [first, last] = [estimateIn(influence, 'early'), estimateIn(influence, 'late')];
  const lost =
    first.low > last.high
      ? `loses ${percent(1 - last.value / first.value)} of its influence`
      : 'is not seen to lose its influence';
  const life = estimateText(estimateIn(influence, 'half_life'), { digits: 1, infinite: 'never' });
  return `The prompt ${lost}: ${nats(first)} nats a token in ${roundsOf(early)}, ${nats(last)} in ${roundsOf(late)}; half of it in every ${life} rounds.`;
}

/** Says whether the untouched model follows its prompts, and loses that. */
function obedienceWords(model) {
  const above = offIn(model, 'above-chance');
  const early = estimateIn(above, 'early');
  if (isAtFloor(model)) {
    return `At the floor: above chance, its obedience is ${points(early)} in ${roundsOf(model.spec.early)}. It is not seen to follow these prompts even at the start, so it has no obedience to lose or to hold.`;
  }
  const change = estimateIn(above, 'change');
  const fall = {
    above: 'rises',
    below: 'falls',
    unclear: `is not seen to fall (at most by ${bound(-change.low)})`,
  }[verdictOf(change)];
  return `Above chance, its obedience is ${points(early)} in ${roundsOf(model.spec.early)} and ${points(estimateIn(above, 'late'))} in ${roundsOf(model.spec.late)}: it ${fall}, by ${points(change)}.`;
}

/** Returns a bound as text, rounded up, so that it is still a bound. */
const bound = (value) => (Math.ceil(100 * Math.max(0, value)) / 100).toFixed(2);

/** Returns the arms of a study by what they do. */
function familiesIn({ spec }) {
  const families = new Map();
  for (const arm of spec.arms.filter(({ name }) => name !== 'off')) {
    families.set(familyOf(arm), [...(families.get(familyOf(arm)) ?? []), arm.name]);
  }
  return families;
}

/** Says what brings influence back, by family, the most first. */
function influenceWords(model) {
  const valuesOf = (arms, rowOf, column) =>
    arms.map((arm) => estimateIn(rowOf(model, arm), column)?.value).filter(Number.isFinite);
  const told = [...familiesIn(model)].flatMap(([family, arms]) => {
    const ratios = valuesOf(arms, influenceOf, 'ratio');
    if (ratios.length === 0) return [];
    const costs = valuesOf(arms, costOf, 'kl');
    return [{ text: `${family} × ${range(ratios, 2)} (${range(costs, 3)})`, most: Math.max(...ratios) }];
  });
  const text = told.sort((a, b) => b.most - a.most).map((each) => each.text);
  return `Late influence on the same answers, × the untouched model's, and in brackets what it costs (KL divergence, nats a token): ${text.join('; ')}.`;
}

/** Returns the difference of every led arm from the untouched model in late obedience, and whether its interval includes zero. */
function heldArms(model) {
  return model.spec.arms.flatMap(({ name }) => {
    const row = effectOf(model, name);
    const difference = estimateIn(row, 'difference');
    if (difference === null) return [];
    return [{ name, difference, words: row.words, isSeen: verdictOf(difference) !== 'unclear' }];
  });
}

/** Says what was seen of obedience under the arms; null if none was led. */
function heldWords(model) {
  const arms = heldArms(model);
  const [seen, unseen] = [true, false].map((side) => arms.filter(({ isSeen }) => isSeen === side));
  const sentences = [
    ...(seen.length === 0
      ? []
      : [
          `Late obedience, minus the untouched model's: ${seen.map(({ name, difference, words }) => `${name} ${points(difference)}, ${words}`).join('; ')}.`,
        ]),
    ...(unseen.length === 0
      ? []
      : [
          `No difference in late obedience was seen under the ${seen.length === 0 ? '' : 'other '}${unseen.length} arms that led dialogues; it is at most ${bound(Math.max(...unseen.map(largest)))} ([below](#how-small-is-what-was-not-seen)).`,
        ]),
  ];
  return sentences.length === 0 ? null : sentences.join(' ');
}

/** Returns how far from zero an interval reaches. */
const largest = ({ difference: { low, high } }) => Math.max(-low, high);

const bullets = (lines) =>
  lines
    .filter((line) => line !== null)
    .map((line) => `- ${line}`)
    .join('\n');

const title = ({ label, study, dialogues, prompts, spec }) =>
  `**${label}** ([${study}](${study}/report.md); ${dialogues} dialogues of ${prompts} prompts, ${spec.sources[0].rounds} rounds)`;

const tableText = (table) => {
  const readable = readableTable(table);
  return `${markdownTable(readable)}\n${readable.note}`;
};

function decayTable() {
  return {
    note: 'Untouched. Share: of attention, of the system message, mean over rows and the heads that see furthest, in the first and the last round. Influence: nats a token, early and late; half-life in rounds. Above chance: 0 for a model that answers as without its prompt, 1 for one that always obeys.',
    columns: [
      { heading: 'model' },
      { heading: 'share, first round', digits: 3 },
      { heading: 'last round', digits: 3 },
      { heading: 'influence, early', digits: 3 },
      { heading: 'late', digits: 3 },
      { heading: 'half-life', digits: 1, infinite: 'never' },
      { heading: 'obedience above chance, early', signed: true },
      { heading: 'late', signed: true },
    ],
    rows: models.map((model) => {
      const shares = model.rows('rounds', { arm: 'off' }).map((row) => estimateIn(row, 'share_after'));
      const influence = influenceOf(model, 'off');
      const above = offIn(model, 'above-chance');
      return [
        ...[model.label, shares[0], shares.at(-1)],
        ...['early', 'late', 'half_life'].map((column) => estimateIn(influence, column)),
        ...['early', 'late'].map((column) => estimateIn(above, column)),
      ];
    }),
  };
}

function effectsTable(model) {
  const off = influenceOf(model, 'off');
  const tokens = (arm) => {
    const own = influenceOf(model, arm);
    return own === undefined ? null : Number(own.forwarded_tokens) / Number(off.forwarded_tokens);
  };
  return {
    note: 'Late, beside the untouched model. KL: divergence of the next token from the untouched model’s on held-out dialogues, nats a token. Tokens: forwarded to read the same dialogues, × the untouched model’s.',
    columns: [
      { heading: 'arm' },
      { heading: 'influence ×' },
      { heading: 'in words' },
      { heading: 'obedience −', signed: true },
      { heading: 'in words' },
      { heading: 'KL', digits: 3 },
      { heading: 'tokens ×' },
    ],
    rows: model
      .rows('summary')
      .filter(({ arm }) => arm !== 'off')
      .map((row) => [
        row.arm,
        estimateIn(row, 'influence_ratio'),
        row.influence_in_words || null,
        estimateIn(row, 'stability_difference'),
        row.stability_in_words || null,
        estimateIn(row, 'kl'),
        tokens(row.arm),
      ]),
  };
}

/** Returns the differences that the studies tested between message and prefix, and between a clean and a held cache. */
function contrastsOf(model) {
  const late = { rounds: 'late' };
  const off = estimateIn(influenceOf(model, 'off'), 'late').value;
  const found = [
    ...model
      .rows('influence-differences', { ...late, reference: firstReference(model) })
      .map((row) => ({ row, measure: 'influence', unit: off })),
    ...model.rows('differences', late).map((row) => ({ row, measure: 'obedience', unit: 1 })),
  ];
  const armOf = (name) => model.spec.arms.find((arm) => arm.name === name);
  return found.flatMap(({ row, measure, unit }) => {
    const [arm, against] = [armOf(row.arm), armOf(row.against)];
    if (
      familyOf(arm) === familyOf(against) ||
      JSON.stringify(arm.schedule) !== JSON.stringify(against.schedule)
    )
      return [];
    const sides = [arm, against].map(({ target, cache = 'held' }) => ({ target: target.kind, cache }));
    const kind = kindOf(sides);
    if (kind === null) return [];
    const estimate = estimateIn(row, 'difference');
    const sign = kind.isFlipped ? -1 : 1;
    const ends = [sign * estimate.low, sign * estimate.high].sort((a, b) => a - b);
    return [
      {
        ...{ model, measure, row: `${model.label}: ${kind.name}`, words: row.words },
        ...{ arms: kind.isFlipped ? [against, arm] : [arm, against] },
        ...{ value: (sign * estimate.value) / unit, low: ends[0] / unit, high: ends[1] / unit },
      },
    ];
  });
}

/** Returns which of the two questions two arms answer, and whether they are the wrong way round; null for neither. */
function kindOf([left, right]) {
  const targets = [left.target, right.target].join(' ');
  if (left.cache === right.cache && ['message prefix', 'prefix message'].includes(targets)) {
    return { name: 'message − prefix', isFlipped: left.target === 'prefix' };
  }
  if (left.target === right.target && left.cache !== right.cache) {
    return { name: 'clean − held cache', isFlipped: left.cache === 'held' };
  }
  return null;
}

const contrasts = models.flatMap(contrastsOf);

function contrastsTable() {
  const costIn = (model, { name }) => estimateIn(costOf(model, name), 'kl');
  return {
    note: 'Influence as a part of the untouched model’s late influence, obedience from 0 to 1. KL: what each of the two costs, nats a token.',
    columns: [
      { heading: 'model' },
      { heading: 'first' },
      { heading: 'second' },
      { heading: 'outcome' },
      { heading: 'first − second, late', signed: true },
      { heading: 'KL, first', digits: 3 },
      { heading: 'KL, second', digits: 3 },
    ],
    rows: contrasts.map(({ model, arms: [first, second], measure, value, low, high }) => [
      ...[model.label, first.name, second.name, measure, { value, low, high }],
      ...[costIn(model, first), costIn(model, second)],
    ]),
  };
}

/** Returns KL by round of the arms of a clean cache and their held twins; no rows where no study has it. */
function klTable() {
  const rows = models.flatMap((model) => {
    const arms = new Set(
      contrasts
        .filter((each) => each.model === model && each.arms[0].cache === 'clean')
        .flatMap((each) => each.arms.map(({ name }) => name)),
    );
    return model
      .rows('kl-rounds')
      .filter(({ arm }) => arms.has(arm))
      .map((row) => [model.label, row.arm, Number(row.round), estimateIn(row, 'kl')]);
  });
  return {
    note: 'KL divergence in each round of the held-out dialogues, nats a token.',
    columns: [
      { heading: 'model' },
      { heading: 'arm' },
      { heading: 'round', digits: 0 },
      { heading: 'KL', digits: 4 },
    ],
    rows,
  };
}

mkdirSync(FIGURES, { recursive: true });
const drawn = [
  [
    'decay',
    decayFigure(models),
    'By round, for each model: influence and share of attention of the prompt as parts of those in round 1, and obedience with what the same probes score by chance.',
  ],
  [
    'effects',
    effectsFigure(models),
    'For each model: late influence and late obedience of every arm against its KL divergence.',
  ],
  [
    'contrasts',
    contrastsFigure(contrasts.map(({ model: _, arms: __, ...mark }) => mark)),
    'Differences of message and prefix, and of a clean and a held cache, in late influence and late obedience, with intervals.',
  ],
];
const images = {};
for (const [name, spec, alt] of drawn) {
  writeFileSync(join(FIGURES, `${name}.svg`), `${await specSvg(spec)}\n`);
  images[name] = `![${alt}](replication/${name}.svg)`;
}

const kl = klTable();
const page = [
  '# Does holding a system prompt help, on which models, and what does it cost?',
  `One plan on several models, locked before the first cell of each study: how the prompt decays over a dialogue, and what split-softmax on the message and on the prefix, a clean cache, a reminder, repetition and guidance bring back. \`node scripts/replication-page.mjs\` writes this page from the tables of the studies.`,
  `**Here**: ${models.map(({ label }) => label).join(', ')}. ${waiting.length === 0 ? 'All planned studies are here.' : `**Planned, and not here yet**: ${waiting.map((name) => `[${name}](../../experiments/${name}.yaml)`).join(', ')}. What is said below holds for the models that are here.`}`,
  '## In short',
  ...models.flatMap((model) => [
    title(model),
    bullets([decayWords(model), obedienceWords(model), influenceWords(model), heldWords(model)]),
  ]),
  'Influence says how much the prompt changes the next token, given the dialogue; it is not obedience ([what it is](../guide/influence.md)). Guidance with γ stretches every difference of two prompts by γ, so its influence grows by about γ² whatever it does.',
  '## How does the prompt decay?',
  images.decay,
  tableText(decayTable()),
  '## What brings it back, and at what cost?',
  images.effects,
  ...models.flatMap((model) => [`### ${model.label}`, tableText(effectsTable(model))]),
  '## Message or prefix, clean or held cache?',
  'The target `prefix` has the first token in it, the sink, which draws most of its share in models that have one; `message` has not. A policy leaves altered keys and values in the cache of earlier turns; a clean cache has those turns computed again without it ([shares](../guide/shares.md#held-and-clean-cache)).',
  images.contrasts,
  tableText(contrastsTable()),
  ...(kl.rows.length === 0 ? [] : [tableText(kl)]),
  '## How small is what was not seen?',
  'An interval that includes zero bounds an effect. Intervals are 95 %, by bootstrap over prompts; the words follow tests after Holm’s correction ([statistics](../guide/statistics.md)).',
  bullets(models.map(unseenWords)),
].join('\n\n');
writeFileSync(PAGE, `${page}\n`);
execFileSync('npx', ['biome', 'format', '--write', PAGE]);
console.log(`${PAGE}: ${models.map(({ label }) => label).join(', ')}`);

/** Says how large the differences may be that were not seen. */
function unseenWords(model) {
  const unseen = heldArms(model).filter(({ isSeen }) => !isSeen);
  if (unseen.length === 0) return null;
  const bounds = unseen.map((arm) => `${arm.name} ${bound(largest(arm))}`);
  return `${model.label}, late obedience, at most: ${bounds.join('; ')}.`;
}
