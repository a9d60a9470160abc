// Sets evaluations of several models side by side: training seeds of one recipe, and a twin.
//
//     node models/organism/compare.mjs runs/soft-0-evaluation runs/soft-1-evaluation … > comparison.md
//
// Each folder is one that evaluate.mjs wrote; all of them over the same trials.
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { interval, pointsOf, signed, table, three, two } from './tables.mjs';

const runs = process.argv.slice(2).map((folder) => ({
  name: basename(folder).replace(/-evaluation$/, ''),
  ...JSON.parse(readFileSync(join(folder, 'summary.json'), 'utf8')),
}));
const [{ first, trials, rounds }] = runs;
if (runs.some((run) => run.first !== first || run.trials !== trials || run.rounds !== rounds)) {
  throw new Error('these evaluations are of different trials');
}

const percent = (value) => `${(100 * value).toFixed(1)} %`;
const untouched = runs.map(({ name, arms: [off] }) => {
  const { learned, families, ability, bareLoss, fall } = pointsOf(off);
  const worst = Object.values(ability).reduce((a, b) => (Math.abs(b.change) > Math.abs(a.change) ? b : a));
  return [
    name,
    interval(off.stability[1]),
    `${learned} of ${families}`,
    interval(off.stability[12]),
    interval(off.stability[16]),
    two(fall),
    `${three(off.slope.value)} [${three(off.slope.low)}, ${three(off.slope.high)}]`,
    percent(worst.change),
    percent(bareLoss.change),
  ];
});

const spreads = runs.flatMap(({ name, arms: [off] }) =>
  [1, 8, 16].map((round) => {
    const { prefix, sink, after } = off.spread[round];
    const { mean, median, ninetieth, above, below } = prefix;
    return [`${name}, round ${round}`, ...[mean, median, ninetieth, above, below, sink, after].map(three)];
  }),
);

const effects = runs.flatMap((run) =>
  run.effects.map(({ name, first, early, late, last, earlyLoss, lateLoss }) => [
    run.name,
    name,
    ...[first, early, late, last, earlyLoss, lateLoss].map(signed),
  ]),
);

process.stdout.write(`# Training seeds, and the sharp twin

Trials ${first} to ${first + trials - 1} of ${rounds} rounds for each model, 95 % intervals by bootstrap over trials. Written by \`compare.mjs\` from
what \`evaluate.mjs\` wrote; nothing here is typed in. A model's name is its kind and its training seed.

## The untouched models

${table(
  [
    'model',
    'stability, round 1',
    'families ≥ .8 there',
    'round 12',
    'round 16',
    'round 12 less round 1',
    'slope a round',
    'ability, furthest change up to round 12',
    'bare loss, the same',
  ],
  untouched,
)}

## Where their attention goes

Shares of the system prompt over the rows and heads of the layers that see the whole dialogue, on reference answers; and those of the
first token and of as many tokens behind the prompt.

${table(['', 'mean', 'median', '90th', 'above .5', 'below .001', 'first token', 'span behind'], spreads)}

## Arms against off, paired

Stability, and the loss on reference answers in nats a token, less that of off.

${table(
  [
    'model',
    'arm',
    'round 1',
    'rounds 1–3',
    'rounds 8 and later',
    `round ${rounds}`,
    'loss, rounds 1–3',
    'loss, rounds 8 and later',
  ],
  effects,
)}
`);
