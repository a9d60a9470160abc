// Simulates how often intervals contain the truth and how often tests find an effect that is none. Prints the tables of
// docs/guide/statistics.md as Markdown. Run `npm run build` first.
//
//     node scripts/coverage.mjs            [-- --simulations 2000] [-- --only ceiling]
import { parseArgs } from 'node:util';
import { createRandom } from '../dist/random.js';
import {
  bootstrap,
  createBootstrap,
  DIFFERENCES,
  meanOf,
  nestedMean,
  ofMembers,
  pairedPermutation,
  SCORES,
  skewedMeanTest,
} from '../dist/statistics/index.js';

const { values: options } = parseArgs({
  options: { simulations: { type: 'string', default: '2000' }, only: { type: 'string' } },
});
const SIMULATIONS = Number(options.simulations);
const RESAMPLES = 499;
const ALPHA = 0.05;

const list = (size, draw) => Array.from({ length: size }, (_, index) => draw(index));
const sumOf = (numbers) => numbers.reduce((sum, number) => sum + number, 0);
const scoresOf = (numbers) => numbers.map((sum) => ({ sum, count: 1 }));
const normal = (random) => sumOf(list(12, random)) - 6;
/** Right answers among `count`, each with probability `p`. */
const right = (random, count, p) => sumOf(list(count, () => (random() < p ? 1 : 0)));
const percent = (fraction) => (100 * fraction).toFixed(1);

/** Calls `each` with the random numbers of every simulation. */
function simulate(seed, each) {
  for (let simulation = 0; simulation < SIMULATIONS; simulation++) {
    each(createRandom(seed * 1_000_003 + simulation), simulation);
  }
}

function print(title, heading, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  console.log([`\n${title}\n`, line(heading), line(heading.map(() => '---')), ...rows.map(line)].join('\n'));
}

const covers = ({ low, high }, truth) => low <= truth + 1e-9 && truth - 1e-9 <= high;

/** Self-chat: 100 dialogues take 32 prompts in turn. A prompt decides how well both arms do in its dialogues. */
function repeatedPrompts() {
  const [dialogues, prompts] = [100, 32];
  const members = list(prompts, (prompt) =>
    list(dialogues, (index) => index).filter((i) => i % prompts === prompt),
  );
  const rows = [0.05, 0.15, 0.3].map((spread) => {
    const hits = { dialogues: 0, prompts: 0, mixed: 0, falseByDialogue: 0, falseByPrompt: 0 };
    simulate(11, (random, seed) => {
      const own = list(prompts, () => spread * normal(random));
      const differences = list(dialogues, (index) => own[index % prompts] + 0.15 * normal(random));
      const byDialogue = scoresOf(differences);
      const byPrompt = members.map((of) => ({
        sum: sumOf(of.map((at) => differences[at])),
        count: of.length,
      }));
      const settings = { resamples: RESAMPLES, seed, expanded: true };
      if (covers(bootstrap(dialogues, meanOf(byDialogue), settings), 0)) hits.dialogues++;
      if (covers(bootstrap(prompts, ofMembers(members, meanOf(byDialogue)), settings), 0)) hits.prompts++;
      const nested = differences.map((value, index) => ({ value, groups: [index % prompts] }));
      if (covers(nestedMean(nested).mean, 0)) hits.mixed++;
      const exchanges = { permutations: RESAMPLES, seed };
      if (pairedPermutation(byDialogue, exchanges) <= ALPHA) hits.falseByDialogue++;
      if (pairedPermutation(byPrompt, exchanges) <= ALPHA) hits.falseByPrompt++;
    });
    const part = spread ** 2 / (spread ** 2 + 0.15 ** 2);
    return [part.toFixed(2), ...Object.values(hits).map((hit) => percent(hit / SIMULATIONS))];
  });
  print(
    '100 dialogues of 32 prompts: coverage of the interval and false positives of the exchange test',
    [
      'part of the variance between prompts',
      'dialogues as clusters',
      'prompts',
      'mixed model',
      'false, dialogues',
      'false, prompts',
    ],
    rows,
  );
}

/** Cluster means at the ceiling and at the floor, and differences of which few are not zero. */
const CEILING = {
  'both arms obey .99, three probes': [(r) => (right(r, 3, 0.99) - right(r, 3, 0.99)) / 3, 0, DIFFERENCES],
  'arms obey .99 and .96, three probes': [
    (r) => (right(r, 3, 0.99) - right(r, 3, 0.96)) / 3,
    0.03,
    DIFFERENCES,
  ],
  'one prompt in twenty is lost': [(r) => (r() < 0.05 ? -1 : 0), -0.05, DIFFERENCES],
  'one prompt in seven is lost': [(r) => (r() < 1 / 7 ? -1 : 0), -1 / 7, DIFFERENCES],
  'a mean of .02, three probes': [(r) => right(r, 3, 0.02) / 3, 0.02, SCORES],
  'a mean of .9, one probe': [(r) => right(r, 1, 0.9), 0.9, SCORES],
  'few ties: obey u^1.5 and u², six probes': [
    (r) => {
      const u = r();
      return (right(r, 6, u ** 1.5) - right(r, 6, u ** 2)) / 6;
    },
    2 / 5 - 1 / 3,
    DIFFERENCES,
  ],
};

function ceiling() {
  const rows = Object.entries(CEILING).flatMap(([name, [draw, truth, range]]) =>
    [10, 20, 40, 100].map((clusters) => {
      const found = { plain: 0, noWidth: 0, used: 0 };
      const width = { plain: 0, used: 0 };
      const estimate = createBootstrap({ resamples: RESAMPLES, expanded: true });
      simulate(clusters, (random) => {
        const mean = meanOf(scoresOf(list(clusters, () => draw(random))));
        const plain = estimate(clusters, mean);
        const none = Number.isNaN(plain.low);
        if (none) found.noWidth++;
        if (covers(none ? { low: plain.value, high: plain.value } : plain, truth)) found.plain++;
        const used = estimate(clusters, mean, range);
        if (covers(used, truth)) found.used++;
        width.plain += none ? 0 : plain.high - plain.low;
        width.used += used.high - used.low;
      });
      const [plain, noWidth, used] = Object.values(found).map((count) => percent(count / SIMULATIONS));
      const [plainWidth, usedWidth] = Object.values(width).map((sum) => (sum / SIMULATIONS).toFixed(2));
      return [name, clusters, plain, noWidth, plainWidth, used, usedWidth];
    }),
  );
  print(
    'Ties: coverage, and mean width',
    [
      'differences or scores',
      'prompts',
      'bootstrap alone',
      'without width',
      'its width',
      'as reported',
      'its width',
    ],
    rows,
  );
}

/** Differences with a mean of zero. */
const SKEWED = {
  normal: normal,
  'thirds, few differ, symmetric': (r) => {
    const u = r();
    return u < 0.15 ? -1 / 3 : u < 0.3 ? 1 / 3 : 0;
  },
  'u² − 1/3': (r) => r() ** 2 - 1 / 3,
  'exponential, minus one': (r) => -Math.log(1 - r()) - 1,
  'lognormal, minus its mean': (r) => Math.exp(normal(r)) - Math.exp(0.5),
  'a fifth gains .2, one in twenty loses .8': (r) => {
    const u = r();
    return u < 0.05 ? -0.8 : u < 0.25 ? 0.2 : 0;
  },
  'most gain .1, one in ten loses .9': (r) => (r() < 0.1 ? -0.9 : 0.1),
};

function tests() {
  const rows = Object.entries(SKEWED).flatMap(([name, draw]) =>
    [10, 20, 40, 100].map((clusters) => {
      const found = { exchange: 0, mean: 0, both: 0, called: 0 };
      const estimate = createBootstrap({ resamples: RESAMPLES, expanded: true });
      simulate(100 + clusters, (random, seed) => {
        const differences = scoresOf(list(clusters, () => draw(random)));
        const exchange = pairedPermutation(differences, { permutations: RESAMPLES, seed }) <= ALPHA;
        const p = skewedMeanTest(differences);
        if (exchange) found.exchange++;
        if (p <= ALPHA) found.mean++;
        if (!exchange || p > ALPHA) return;
        found.both++;
        if (!covers(estimate(clusters, meanOf(differences), DIFFERENCES), 0)) found.called++;
      });
      return [name, clusters, ...Object.values(found).map((count) => percent(count / SIMULATIONS))];
    }),
  );
  print(
    'False positives of 100 tests at p ≤ .05, where the mean difference is zero',
    ['differences', 'prompts', 'exchange', 'mean', 'both', 'both, and the interval'],
    rows,
  );
}

const TABLES = { prompts: repeatedPrompts, ceiling, tests };
for (const [name, table] of Object.entries(TABLES)) {
  if (options.only === undefined || options.only === name) table();
}
