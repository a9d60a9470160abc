/**
 * Simulates studies whose judges err at known rates, lets a person label a sample, and prints the table of
 * docs/guide/judge.md: how often the intervals of κ and of corrected stability contain the true values.
 *
 *     npm run build && node scripts/coverage-judges.mjs [SIMULATIONS]
 */

import { judgeAgreement, sampleAnswers } from '../dist/findings/index.js';
import { createRandom } from '../dist/random.js';
import { cohenKappa } from '../dist/statistics/index.js';

const simulations = Number(process.argv[2] ?? 400);

/** Half the range in which the prompts' true stability differs. */
const UNLIKE = 0.15;
const STABILITY = { off: 0.8, on: 0.5 };
const ANSWERS = 8;

const STUDIES = [
  { prompts: 12, labels: 100, sensitivity: 0.95, specificity: 0.9 },
  { prompts: 40, labels: 100, sensitivity: 0.95, specificity: 0.9 },
  { prompts: 40, labels: 200, sensitivity: 0.95, specificity: 0.9 },
  { prompts: 120, labels: 200, sensitivity: 0.95, specificity: 0.9 },
  { prompts: 40, labels: 200, sensitivity: 0.9, specificity: 0.7 },
  { prompts: 40, labels: 200, sensitivity: 0.99, specificity: 0.97 },
  { prompts: 40, labels: 200, sensitivity: 1, specificity: 1 },
];

/** Returns the answers of a study under two arms, and whether each truly follows its prompt. */
function simulate(random, { prompts, sensitivity, specificity }) {
  const truth = new Map();
  const answers = [];
  for (let prompt = 0; prompt < prompts; prompt++) {
    const shift = UNLIKE * (2 * random() - 1);
    for (const [arm, stability] of Object.entries(STABILITY)) {
      for (let at = 0; at < ANSWERS; at++) {
        const id = `${prompt} ${arm} ${at}`;
        const follows = random() < stability + shift;
        truth.set(id, follows);
        const score = random() < (follows ? sensitivity : 1 - specificity) ? 1 : 0;
        const labels = { model: 'm', executor: 'cpu', precision: 'f32', source: 's' };
        const name = `prompt ${prompt}`;
        const texts = { prompt: name, cluster: name, about: '', probe: '', answer: '', rule: 'choice' };
        answers.push({ id, labels, arm, score, ...texts });
      }
    }
  }
  return { answers, truth };
}

/** Returns κ of judge and person in all answers of both arms. */
function trueKappa({ sensitivity, specificity }) {
  const rates = Object.values(STABILITY);
  const passing = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  return cohenKappa({
    bothPass: passing * sensitivity,
    onlySecond: passing * (1 - sensitivity),
    onlyFirst: (1 - passing) * (1 - specificity),
    bothFail: (1 - passing) * specificity,
  });
}

const row = (cells) => console.log(`| ${cells.join(' | ')} |`);
const percent = (hits) => ((100 * hits) / simulations).toFixed(1);
const holds = ({ low, high }, value) => low <= value && value <= high;

row(['prompts', 'labels', 'sensitivity', 'specificity', 'κ', 'raw, off', 'corrected, off', 'corrected, on']);
for (const study of STUDIES) {
  const hits = { kappa: 0, raw: 0, off: 0, on: 0 };
  for (let simulation = 0; simulation < simulations; simulation++) {
    const { answers, truth } = simulate(createRandom(50_000 + simulation), study);
    const drawn = sampleAnswers(answers, study.labels, simulation + 1);
    const { rules, arms } = judgeAgreement(
      answers,
      drawn.map(({ id }) => ({ id, follows: truth.get(id) })),
    );
    if (holds(rules[0].kappa, trueKappa(study))) hits.kappa++;
    if (holds(arms[0].raw, STABILITY.off)) hits.raw++;
    for (const { arm, corrected } of arms) if (holds(corrected, STABILITY[arm])) hits[arm]++;
  }
  const { prompts, labels, sensitivity, specificity } = study;
  row([
    ...[prompts, labels, sensitivity, specificity],
    ...[hits.kappa, hits.raw, hits.off, hits.on].map(percent),
  ]);
}
