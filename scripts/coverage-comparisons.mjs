// Measures by simulation how often the intervals of comparisons contain the true value, and how often their tests find what
// is not there. Prints tables in Markdown; docs/guide/statistics.md has them.
//
//   npm run build && node scripts/coverage-comparisons.mjs [SIMULATIONS]
import { createRandom } from '../dist/random.js';
import {
  bootstrapEach,
  expandedEstimate,
  gainBetweenCurves,
  gainOverCurve,
  kaplanMeier,
  keptOf,
  logRankScores,
  pairedDifferences,
  pairedPermutation,
  partialRankCorrelationOf,
  randomEffects,
  resampleTrades,
  restrictedMeanOf,
} from '../dist/statistics/index.js';

const SIMULATIONS = Number(process.argv[2] ?? 500);
const RESAMPLES = 399;
const random = createRandom(2025);

const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
const times = (count, draw) => Array.from({ length: count }, (_, at) => draw(at));
const covers = ({ low, high }, truth) => low <= truth && truth <= high;
const percent = (simulate) => {
  const hits = times(SIMULATIONS, simulate);
  return times(hits[0].length, (at) =>
    ((100 * hits.filter((hit) => hit[at]).length) / SIMULATIONS).toFixed(1),
  );
};
const table = (heading, rows) =>
  console.log(
    `${[heading, heading.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')}\n`,
  );

/** Dialogues of prompts that lose with the hazard of their prompt in each of eight rounds. */
const HAZARDS = [0.05, 0.2];
const lifetimes = (prompts, each) =>
  times(prompts, () => {
    const hazard = HAZARDS[Math.floor(2 * random())];
    return times(each, () => {
      const time = Math.ceil(Math.log(1 - random()) / Math.log(1 - hazard));
      return { time: Math.min(time, 8), lost: time <= 8 };
    });
  });
const kept = (round) => HAZARDS.reduce((sum, hazard) => sum + (1 - hazard) ** round / 2, 0);
const meanRounds = times(8, kept).reduce((sum, part) => sum + part, 0);

table(
  ['time to the first loss: interval of', '20 prompts × 1', '20 × 4', '60 × 1', '60 × 4'],
  (() => {
    const columns = [
      [20, 1],
      [20, 4],
      [60, 1],
      [60, 4],
    ].map(([prompts, each]) =>
      percent(() => {
        const clusters = lifetimes(prompts, each);
        const statistics = [keptOf(clusters, 6), restrictedMeanOf(clusters, 8)];
        const [ofKept, ofMean] = bootstrapEach(prompts, statistics, {
          resamples: RESAMPLES,
          expanded: true,
        });
        const greenwood = kaplanMeier(clusters.flat()).findLast(({ time }) => time <= 6);
        return [covers(ofKept, kept(6)), covers(ofMean, meanRounds), covers(greenwood, kept(6))];
      }),
    );
    return [
      'kept after round 6, bootstrap over prompts',
      'mean rounds, bootstrap over prompts',
      "kept after round 6, Greenwood's",
    ].map((name, at) => [name, ...columns.map((column) => column[at])]);
  })(),
);

table(
  ['paired log-rank test at p ≤ .05, no difference', '20 prompts × 1', '20 × 4', '60 × 1', '60 × 4'],
  [
    [
      'finds one',
      ...[
        [20, 1],
        [20, 4],
        [60, 1],
        [60, 4],
      ].flatMap(([prompts, each]) =>
        percent(() => {
          // Two runs of each dialogue, under the hazard of its prompt.
          const both = lifetimes(prompts, 2 * each);
          const left = both.map((cluster) => cluster.slice(0, each));
          const right = both.map((cluster) => cluster.slice(each));
          const scores = logRankScores(left.flat(), right.flat());
          const byCluster = (flat) =>
            times(prompts, (at) => ({
              sum: flat.slice(at * each, (at + 1) * each).reduce((sum, score) => sum + score, 0),
              count: each,
            }));
          const differences = pairedDifferences(byCluster(scores.left), byCluster(scores.right));
          return [pairedPermutation(differences, { permutations: 999 }) <= 0.05];
        }),
      ),
    ],
  ],
);

/** Late stability .5 + slope · √KL of dialogues that differ in ease, and KL on held-out items that differ in size. */
const ARMS = [
  { slope: 0, cost: 0 },
  { slope: 1, cost: 0.01 },
  { slope: 1, cost: 0.04 },
  { slope: 0.5, cost: 0.0025 },
  { slope: 0.5, cost: 0.0625 },
  { slope: 1, cost: 0.0225 },
];
/** The mean of the two log-normal factors of an item's KL. */
const MEAN_FACTOR = Math.exp(0.5 ** 2 / 2 + 0.2 ** 2 / 2);
const trades = (clusters, items) => {
  const ease = times(clusters, () => 0.3 * (random() - 0.5));
  const size = times(items, () => Math.exp(0.5 * normal()));
  return resampleTrades(
    {
      benefits: ARMS.map(({ slope, cost }) =>
        ease.map((own) => ({
          sum: times(8, () => random() < 0.5 + slope * Math.sqrt(cost) + own).filter(Boolean).length,
          count: 8,
        })),
      ),
      costs: ARMS.map(({ cost }) =>
        size.map((factor) => ({
          sum: (100 * cost * factor * Math.exp(0.2 * normal())) / MEAN_FACTOR,
          count: 100,
        })),
      ),
    },
    { resamples: RESAMPLES, seed: Math.floor(1e9 * random()) },
  );
};
table(
  ['gain at equal KL: interval of', '20 dialogues, 12 items', '40, 24', '96, 24'],
  (() => {
    // On the scale of √KL the curves are straight, so the interpolation is exact.
    const truths = [0, (0.5 * 0.2) / 2];
    const statistics = [gainOverCurve(5, [0, 1, 2]), gainBetweenCurves([0, 1, 2], [0, 3, 4])];
    const columns = [
      [20, 12],
      [40, 24],
      [96, 24],
    ].map(([clusters, items]) =>
      percent(() => {
        const { observed, resampled } = trades(clusters, items);
        return statistics.map((statistic, at) => {
          const drawn = Float64Array.from(resampled, statistic);
          return covers(expandedEstimate(statistic(observed), drawn, Math.min(clusters, items)), truths[at]);
        });
      }),
    );
    return ['an arm over a curve', 'two curves, mean difference'].map((name, at) => [
      name,
      ...columns.map((column) => column[at]),
    ]);
  })(),
);

table(
  ['partial rank correlation: interval', '20 dialogues', '40', '120'],
  [
    [
      'share and stability both follow length; given it, none',
      ...[20, 40, 120].flatMap((size) =>
        percent(() => {
          const given = times(size, normal);
          const x = given.map((value) => 4 * value + normal());
          const y = given.map((value) => -value + normal());
          const [estimate] = bootstrapEach(size, [partialRankCorrelationOf(x, y, given)], {
            resamples: RESAMPLES,
            expanded: true,
          });
          return [covers(estimate, 0)];
        }),
      ),
    ],
  ],
);

table(
  ['over models: interval of', '2 models', '3', '5', '10'],
  (() => {
    const columns = [2, 3, 5, 10].map((models) =>
      percent(() => {
        const [between, own, shared] = [0.0016, 0.0009, 0.0004];
        const common = Math.sqrt(shared) * normal();
        const effects = times(models, () => ({
          value: 0.1 + common + Math.sqrt(between + own - shared) * normal(),
          variance: own,
        }));
        const one = 0.1 + Math.sqrt(between) * normal();
        const { mean, prediction } = randomEffects(effects, shared);
        return [
          covers(mean, 0.1),
          covers(randomEffects(effects).mean, 0.1),
          Number.isNaN(prediction.low) || covers(prediction, one),
        ];
      }),
    );
    return ['the mean', 'the mean, if the shared error were ignored', 'one more model'].map((name, at) => [
      name,
      ...columns.map((column, place) => (at === 2 && place === 0 ? '–' : column[at])),
    ]);
  })(),
);
console.log(`${SIMULATIONS} simulations of ${RESAMPLES} resamples each.`);
