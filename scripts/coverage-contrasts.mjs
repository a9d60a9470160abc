/**
 * Simulates studies whose true values are known, and prints the tables of docs/guide/statistics.md: how often the
 * equivalence test calls two arms equivalent that differ by the margin, and how often the interval of the odds ratio
 * contains the true one, beside a percentile bootstrap.
 *
 *     npm run build && node scripts/coverage-contrasts.mjs [SIMULATIONS]
 */
import { createRandom } from '../dist/random.js';
import { bootstrap, equivalenceOf, oddsRatio } from '../dist/statistics/index.js';

const simulations = Number(process.argv[2] ?? 2000);

/** Returns an approximately standard normal number: the sum of twelve uniform ones minus six. */
function normal(random) {
  let sum = -6;
  for (let term = 0; term < 12; term++) sum += random();
  return sum;
}

function obeyed(random, count, p) {
  let sum = 0;
  for (let answer = 0; answer < count; answer++) if (random() < p) sum++;
  return { sum, count };
}

const draw = (size, one) => Array.from({ length: size }, one);
const percent = (hits) => ((100 * hits) / simulations).toFixed(1);
const row = (cells) => console.log(`| ${cells.join(' | ')} |`);

/** Differences of clusters whose true mean is exactly the margin δ. */
const DIFFERENCES = {
  'normal, deviation 0.2': (random, margin) => margin + 0.2 * normal(random),
  'of three answers each': (random, margin) =>
    (obeyed(random, 3, 0.6 + margin).sum - obeyed(random, 3, 0.6).sum) / 3,
  '1, with chance δ, else 0': (random, margin) => (random() < margin ? 1 : 0),
  '½, with chance 2δ, else 0': (random, margin) => (random() < 2 * margin ? 0.5 : 0),
  '¼, with chance 4δ, else 0': (random, margin) => (random() < 4 * margin ? 0.25 : 0),
};
const SIZES = [
  [20, 0.1],
  [40, 0.05],
  [100, 0.05],
  [200, 0.05],
];

row(['differences of clusters', ...SIZES.map(([clusters, margin]) => `${clusters} clusters, δ = ${margin}`)]);
for (const [name, difference] of Object.entries(DIFFERENCES)) {
  const found = SIZES.map(([clusters, margin]) => {
    let called = 0;
    for (let simulation = 0; simulation < simulations; simulation++) {
      const random = createRandom(90_000 + simulation);
      const differences = draw(clusters, () => ({ sum: difference(random, margin), count: 1 }));
      if (equivalenceOf(differences, margin).p <= 0.05) called++;
    }
    return percent(called);
  });
  row([name, ...found]);
}

/** `own`: deviation of a cluster's log odds in one arm, by which its answers depend on each other beyond the prompt. */
const ARMS = [
  { clusters: 40, answers: 4, base: 0, shift: 0.8, own: 0 },
  { clusters: 40, answers: 4, base: 0, shift: 0.8, own: 1 },
  { clusters: 20, answers: 9, base: 0, shift: 0.8, own: 1 },
  { clusters: 60, answers: 6, base: 1, shift: 0.5, own: 0.5 },
  { clusters: 12, answers: 2, base: 1, shift: 0.5, own: 0.5 },
  { clusters: 40, answers: 3, base: 4, shift: 0, own: 0.5 },
  { clusters: 20, answers: 3, base: 4, shift: 1.5, own: 0.5 },
  { clusters: 20, answers: 1, base: 0, shift: 3, own: 0.5 },
];

function arms({ clusters, answers, base, shift, own }, random) {
  const drawn = draw(clusters, () => {
    const prompt = base + normal(random);
    return [shift, 0].map((extra) =>
      obeyed(random, answers, 1 / (1 + Math.exp(-(prompt + extra + own * normal(random))))),
    );
  });
  return [drawn.map(([left]) => left), drawn.map(([, right]) => right)];
}

/** The sums of Mantel and Haenszel over drawn clusters: infinite or NaN where one is 0. */
function plainRatio(left, right) {
  return (drawn) => {
    let [r, s] = [0, 0];
    for (const at of drawn) {
      const [a, c, n, m] = [left[at].sum, right[at].sum, left[at].count, right[at].count];
      r += (a * (m - c)) / (n + m);
      s += ((n - a) * c) / (n + m);
    }
    return r / s;
  };
}

console.log();
row(['clusters', 'answers', 'mean log odds', 'true odds ratio', 'interval', 'bootstrap']);
for (const design of ARMS) {
  const truth = oddsRatio(...arms({ ...design, clusters: 200_000 }, createRandom(1))).value;
  const contains = ({ low, high }) => low <= truth && truth <= high;
  let [own, resampled] = [0, 0];
  for (let simulation = 0; simulation < simulations; simulation++) {
    const [left, right] = arms(design, createRandom(70_000 + simulation));
    if (contains(oddsRatio(left, right))) own++;
    const options = { resamples: 399, expanded: true };
    if (contains(bootstrap(design.clusters, plainRatio(left, right), options))) resampled++;
  }
  row([design.clusters, design.answers, design.base, truth.toFixed(2), percent(own), percent(resampled)]);
}
