// Simulates how often the interval of stability above chance contains the truth, and how often a model that answers by
// chance alone is not seen to be at the floor. Prints the tables of docs/guide/statistics.md as Markdown. Run
// `npm run build` first.
//
//     node scripts/coverage-chance.mjs [-- --simulations 2000]
import { parseArgs } from 'node:util';
import { createRandom } from '../dist/random.js';
import { bootstrap, meanOf, rangeAboveChance, SCORES } from '../dist/statistics/index.js';

const { values: options } = parseArgs({ options: { simulations: { type: 'string', default: '2000' } } });
const SIMULATIONS = Number(options.simulations);
const RESAMPLES = 399;
/** Probes of a prompt, each asked once without a system message and once under an unrelated prompt. */
const PROBES = 3;

const list = (size, draw) => Array.from({ length: size }, (_, index) => draw(index));
const sumOf = (numbers) => numbers.reduce((sum, number) => sum + number, 0);

/** Chance of a prompt's judge: none for most, some for a fifth, and high for a fifth (such as refusals). */
function drawChance(random) {
  const kind = random();
  if (kind < 0.6) return 0;
  return kind < 0.8 ? random() / 2 : 0.6 + 0.35 * random();
}

/** Draws the probes of a prompt in one round. `follows` is the probability that the model follows the prompt. */
function drawPrompt(random, follows) {
  const chance = drawChance(random);
  const passes = (probability) => (random() < probability ? 1 : 0);
  return list(PROBES, () => ({
    score: passes(chance + (1 - chance) * follows),
    chance: (passes(chance) + passes(chance)) / 2,
    truth: chance,
  }));
}

/** Contributions to Σ (s − c) / Σ (1 − c); see `aboveChanceScores`. */
const above = (prompts, read) =>
  prompts.map((probes) => ({
    sum: sumOf(probes.map((probe) => probe.score - read(probe))),
    count: sumOf(probes.map((probe) => 1 - read(probe))),
  }));

function simulate(clusters, drawFollows, truth) {
  const hits = { ours: 0, chanceKnown: 0, aboveZero: 0, raw: 0 };
  for (let seed = 0; seed < SIMULATIONS; seed++) {
    const random = createRandom(7_000_003 + seed);
    const prompts = list(clusters, () => drawPrompt(random, drawFollows(random)));
    const scores = above(prompts, ({ chance }) => chance);
    const of = (statistic) => bootstrap(clusters, statistic, { resamples: RESAMPLES, seed, expanded: true });
    const { low, high } = of(meanOf(scores));
    if (low <= truth && truth <= high) hits.ours++;
    if (low > 0) hits.aboveZero++;
    // Chance subtracted as if its estimate were exact: one number for all prompts.
    const mean = sumOf(prompts.flat().map(({ chance }) => chance)) / (clusters * PROBES);
    const fixed = of(meanOf(above(prompts, () => mean)));
    if (fixed.low <= truth && truth <= fixed.high) hits.chanceKnown++;
    // The floor before chance was measured: the interval of stability is below .2.
    const raw = of(
      meanOf(prompts.map((probes) => ({ sum: sumOf(probes.map(({ score }) => score)), count: PROBES }))),
    );
    if (raw.high >= 0.2) hits.raw++;
  }
  return hits;
}

const percent = (count) => ((100 * count) / SIMULATIONS).toFixed(1);
const rows = [
  ['follows 1 of 3 prompts, in all shades', (random) => random() ** 2, 1 / 3],
  ['follows half of the prompts fully, the others never', (random) => (random() < 0.5 ? 1 : 0), 1 / 2],
  ['never follows: chance alone', () => 0, 0],
].flatMap(([name, drawFollows, truth]) =>
  [10, 20, 40, 80].map((clusters) => {
    const hits = simulate(clusters, drawFollows, truth);
    return [
      name,
      clusters,
      percent(hits.ours),
      percent(hits.chanceKnown),
      percent(hits.aboveZero),
      percent(hits.raw),
    ];
  }),
);
const line = (cells) => `| ${cells.join(' | ')} |`;
const heading = [
  'a model that',
  'prompts',
  'covered',
  'covered, chance taken as exact',
  'above the floor',
  'above .2',
];
const print = (headings, body) =>
  console.log(`${[line(headings), line(headings.map(() => '---')), ...body.map(line)].join('\n')}\n`);
print(heading, rows);

/**
 * How often intervals contain the truth where nearly all prompts are equal: resampled, bounded as if single prompts had
 * the range 0…1 or −1…1, and as reported, by the bounds of stability and chance.
 */
function simulateTied(clusters, drawPrompts, truth) {
  const hits = { resampled: 0, scores: 0, differences: 0, reported: 0, width: 0 };
  const covers = ({ low, high }) => (low <= truth && truth <= high ? 1 : 0);
  for (let seed = 0; seed < SIMULATIONS; seed++) {
    const random = createRandom(9_000_011 + seed);
    const prompts = list(clusters, () => drawPrompts(random));
    const mean = (read) => meanOf(prompts.map((probes) => ({ sum: sumOf(probes.map(read)), count: PROBES })));
    const range = rangeAboveChance(
      mean(({ score }) => score),
      mean(({ chance }) => chance),
    );
    const of = (bounds) =>
      bootstrap(clusters, meanOf(above(prompts, ({ chance }) => chance)), {
        ...{ resamples: RESAMPLES, seed, expanded: true },
        ...(bounds && { range: bounds }),
      });
    const reported = of(range);
    hits.resampled += covers(of());
    hits.scores += covers(of(SCORES));
    hits.differences += covers(of([-1, 1]));
    hits.reported += covers(reported);
    hits.width += reported.high - reported.low;
  }
  return hits;
}

/** Draws the probes of a prompt that is followed, or not, as a whole. */
const whole = (follows, chance) => (random) => {
  const isFollowed = random() < follows;
  return list(PROBES, () => ({
    score: isFollowed || random() < chance ? 1 : 0,
    chance: ((random() < chance ? 1 : 0) + (random() < chance ? 1 : 0)) / 2,
  }));
};

const TIED = [
  ['follows every prompt, chance .02', whole(1, 0.02), 1],
  ['follows 97 of 100 prompts, chance 0', whole(0.97, 0), 0.97],
  ['follows 97 of 100 prompts, chance .02', whole(0.97, 0.02), 0.97],
  ['follows 97 of 100 prompts, chance .3', whole(0.97, 0.3), 0.97],
  ['follows 3 of 100 prompts, chance 0', whole(0.03, 0), 0.03],
  ['never follows, chance .01', whole(0, 0.01), 0],
];
print(
  ['a model that', 'prompts', 'resampled', 'range 0…1', 'range −1…1', 'as reported', 'its width'],
  TIED.flatMap(([name, draw, truth]) =>
    [10, 20, 40, 80].map((clusters) => {
      const { width, ...hits } = simulateTied(clusters, draw, truth);
      return [name, clusters, ...Object.values(hits).map(percent), (width / SIMULATIONS).toFixed(2)];
    }),
  ),
);
