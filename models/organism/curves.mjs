// Draws the training curves of recipe.md from the logs in curves/, the output of recipe/train.py.
//
//     node models/organism/curves.mjs
import { readFileSync, writeFileSync } from 'node:fs';
import { figureSvg } from '../../dist/report/index.js';

const FIGURES = [
  {
    file: 'curves.svg',
    title: 'Training of the organism: what was tried',
    names: ['bound 2.0', 'bound 2.0, shorter', 'bound 2.5', 'bound 3.5'],
  },
  {
    file: 'seeds.svg',
    title: 'The chosen recipe with three seeds, and the sharp twin',
    names: ['bound 2.0, shorter', 'seed 1', 'seed 2', 'sharp'],
  },
];

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

function readRun(name) {
  const text = readFileSync(new URL(`curves/${name}.jsonl`, import.meta.url), 'utf8');
  const lines = text.trim().split('\n');
  return { name, steps: lines.map((line) => JSON.parse(line)) };
}

function panel(runs, title, read) {
  const series = runs.map(({ name, steps }) => ({
    name,
    points: steps.map((line) => {
      const value = read(line);
      return { x: line.step, value, low: value, high: value };
    }),
  }));
  return { title, height: 150, domain: [0, 1.2], series };
}

for (const { file, title, names } of FIGURES) {
  const runs = names.map(readRun);
  const svg = await figureSvg(
    {
      title,
      subtitle: 'Losses in nats a token; reference answers are of held-out dialogues of 16 rounds',
      x: 'step (of 3,072 tokens)',
      panels: [
        panel(runs, 'Training loss, weighted', ({ loss }) => loss),
        panel(runs, 'Reference answers, rounds 1–4', ({ instructed }) => mean(instructed.slice(0, 4))),
        panel(runs, 'Reference answers, rounds 13–16', ({ instructed }) => mean(instructed.slice(12))),
        panel(runs, 'Reference answers, bare system prompt, all rounds', ({ bare }) => mean(bare)),
      ],
      source: 'models/organism/curves, printed by recipe/train.py',
    },
    'paper',
  );
  writeFileSync(new URL(file, import.meta.url), svg);
}
