// Draws the training curves of recipe.md from the logs in curves/ (what recipe/train.py printed).
//
//     node models/organism/curves.mjs
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { figureSvg } from '../../dist/report/index.js';

const folder = new URL('curves/', import.meta.url);
const runs = readdirSync(folder)
  .filter((name) => name.endsWith('.jsonl'))
  .sort()
  .map((name) => ({
    name: name.replace('.jsonl', ''),
    steps: readFileSync(new URL(name, folder), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  }));

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

function panel(title, height, read) {
  const series = runs.map(({ name, steps }) => ({
    name,
    points: steps.map((line) => {
      const value = read(line);
      return { x: line.step, value, low: value, high: value };
    }),
  }));
  return { title, height, domain: [0, 1.2], series };
}

const svg = await figureSvg(
  {
    title: 'Training of the organism',
    subtitle: 'Losses in nats a token; reference answers are of held-out dialogues of 16 rounds',
    x: 'step (of 3,072 tokens)',
    panels: [
      panel('Training loss, weighted', 150, ({ loss }) => loss),
      panel('Reference answers, rounds 1–4', 150, ({ instructed }) => mean(instructed.slice(0, 4))),
      panel('Reference answers, rounds 13–16', 150, ({ instructed }) => mean(instructed.slice(12))),
      panel('Reference answers, bare system prompt, all rounds', 150, ({ bare }) => mean(bare)),
    ],
    source: 'models/organism/curves, printed by recipe/train.py',
  },
  'paper',
);
writeFileSync(new URL('curves.svg', import.meta.url), svg);
