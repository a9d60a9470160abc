// Writes docs/results/replication.md and its figures from the reports of the replications, docs/results/replication-*, and of the studies
// that go on from one: controls, docs/results/control-*, and influence on new dialogues, docs/results/influence-*. No number of the page is
// typed in. Run it again when another study is finished and its report is there:
//
//     npm run build
//     holdfast study report FOLDER                  # then copy report.md, figures and tables to docs/results/NAME
//     node scripts/replication-page.mjs             # or name the folders of reports
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { markdownTable, readableTable, specSvg } from '../dist/report/index.js';
import { contrastsOf } from './replication/contrasts.mjs';
import { contrastsFigure, decayFigure, effectsFigure } from './replication/figures.mjs';
import { influenceOf, purposeOf, readReplication } from './replication/studies.mjs';
import {
  contrastsTable,
  decayTable,
  effectsTable,
  equalCostTable,
  klTable,
  spansTable,
} from './replication/tables.mjs';
import {
  answerWords,
  controlWords,
  decayWords,
  heldWords,
  influenceAgainWords,
  influenceWords,
  obedienceWords,
  qualityWords,
  sinkWords,
  unseenWords,
} from './replication/words.mjs';

const RESULTS = 'docs/results';
const PAGE = join(RESULTS, 'replication.md');
const FIGURES = join(RESULTS, 'replication');

const given = process.argv.slice(2);
const folders = given.length > 0 ? given : readdirSync(RESULTS).map((name) => join(RESULTS, name));
const [models, controls, influences] = ['replication', 'control', 'influence'].map((purpose) =>
  folders
    .filter((folder) => purposeOf(basename(folder)) === purpose && existsSync(join(folder, 'tables')))
    .flatMap(readReplication),
);
const studies = [...models, ...controls, ...influences].map(({ study }) => study);
const waiting = readdirSync('experiments')
  .map((file) => basename(file, '.yaml'))
  .filter((name) => purposeOf(name) !== null && !studies.includes(name));

const bullets = (lines) =>
  lines
    .filter((line) => line !== null)
    .map((line) => `- ${line}`)
    .join('\n');

function title(model) {
  const { study, dialogues, prompts, spec, incomplete } = model;
  const measured = influenceOf(model, 'off').dialogues;
  return `[${study}](${study}/report.md): ${dialogues} dialogues of ${prompts} prompts, ${spec.sources[0].rounds} rounds; influence on ${measured === dialogues ? 'all' : measured} of them, KL divergence on ${spec.costs.kl} others. ${incomplete}`.trim();
}

const tableText = (table) => {
  const readable = readableTable(table);
  return `${markdownTable(readable)}\n${readable.note}`;
};

const contrasts = [...models, ...influences].flatMap(contrastsOf);
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

const SINKS = `[Mu et al. 2025](https://arxiv.org/abs/2502.12197) (section 5.2) tried split-softmax on Llama 3.1 8B Instruct, also on some of its layers, and saw little improvement; they give no figures. Three cases with such a result show here. Where the first token draws more attention than the prompt, the prefix spends most of its strength on it. Where a model does not follow its prompts to begin with, there is nothing to bring back. And SmolLM2-135M, where it was led to obey, gains influence and not obedience; why is not known. Whether their model was one of these, nobody has measured.`;

const kl = klTable(models, contrasts);
const spans = spansTable([...models, ...controls]);
const page = [
  '# Does holding a system prompt help, on which models, and what does it cost?',
  `One design on several models: how the prompt decays over a dialogue, and what split-softmax on the message and on the prefix, a clean cache, a reminder, repetition and guidance bring back. Strengths, primary outcome, and which arms lead dialogues were fitted to each model, by a pilot on other dialogues or by earlier studies, and locked before the first cell of each study. \`node scripts/replication-page.mjs\` writes this page from the tables of the studies.`,
  `**Here**: ${models.map(({ label }) => label).join(', ')}. ${waiting.length === 0 ? 'All planned studies are here.' : `**Planned, and not here yet**: ${waiting.map((name) => `[${name}](../../experiments/${name}.yaml)`).join(', ')}. What is said below holds for the models that are here.`} Larger models were not run.`,
  '## In short',
  bullets([
    ...models.map(answerWords),
    ...controls.map(controlWords),
    ...influences.map(influenceAgainWords),
  ]),
  'Influence says how much the prompt changes the next token, given the dialogue; it is not obedience ([what it is](../guide/influence.md)). Guidance with γ stretches every difference of two prompts by γ, so its influence grows by about γ² whatever it does. A half-life sums up a course that falls fastest in the first rounds: see the figure.',
  '## How does the prompt decay?',
  images.decay,
  tableText(decayTable(models)),
  '## What brings it back, and at what cost?',
  images.effects,
  '## Message or prefix, clean or held cache?',
  'The target `prefix` has the first token in it, the sink, which draws most of its share in models that have one; `message` has not. A policy leaves altered keys and values in the cache of earlier turns; a clean cache has those turns computed again without it ([shares](../guide/shares.md#held-and-clean-cache)).',
  images.contrasts,
  bullets(models.map(sinkWords)),
  SINKS,
  tableText(equalCostTable([...models, ...influences])),
  tableText(contrastsTable(contrasts)),
  ...(kl.rows.length === 0 ? [] : [tableText(kl)]),
  ...(spans.rows.length === 0
    ? []
    : [
        '## Must it be the prompt?',
        'Strengthening any early tokens changes a model. If a random span right after the prompt raised obedience as much, it would not be the prompt that holds.',
        tableText(spans),
      ]),
  '## How small is what was not seen?',
  'An interval that includes zero bounds an effect. Intervals are 95 %, by bootstrap over prompts; the words follow tests after Holm’s correction ([statistics](../guide/statistics.md)).',
  bullets(models.map(unseenWords)),
  '## Model by model',
  ...models.flatMap((model) => [
    `### ${model.label}`,
    title(model),
    bullets([
      decayWords(model),
      obedienceWords(model),
      influenceWords(model),
      heldWords(model),
      qualityWords(model),
    ]),
    tableText(effectsTable(model)),
  ]),
].join('\n\n');
writeFileSync(PAGE, `${page}\n`);
execFileSync('npx', ['biome', 'format', '--write', PAGE]);
console.log(`${PAGE}: ${models.map(({ label }) => label).join(', ')}`);
