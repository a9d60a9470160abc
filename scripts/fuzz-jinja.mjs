// Renders random small templates here and by Jinja in Python, and compares. Ends with 1 if a text differs, or if one side
// renders what the other refuses, except for what is refused here by name.
//
//     npm run build
//     node scripts/fuzz-jinja.mjs --seed 1 --count 5000 --python python3
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { parseJinja, TemplateError, valueOfJson } from '../dist/jinja/index.js';
import { NAMES, randomTemplates } from './random-jinja.mjs';

const { values: options } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '5000' },
    python: { type: 'string', default: 'python3' },
  },
});

const sources = randomTemplates(Number(options.seed), Number(options.count));
const python = spawnSync(options.python, ['-W', 'ignore', new URL('jinja.py', import.meta.url).pathname], {
  input: JSON.stringify(sources.map((source) => ({ source, names: NAMES }))),
  maxBuffer: 2 ** 30,
  stdio: ['pipe', 'pipe', 'inherit'],
});
if (python.status !== 0) throw new Error(`${options.python} failed`);
const theirs = JSON.parse(python.stdout);

const values = Object.entries(NAMES).map(([name, json]) => [name, valueOfJson(json)]);
const now = { year: 2024, month: 7, day: 5, hour: 7, minute: 8, second: 9, offset: 0 };
const counts = {};
for (const [i, source] of sources.entries()) {
  let ours;
  try {
    ours = { text: parseJinja(source).render(values, now).text };
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    ours = { error: `${error.kind}: ${error.message}`, kind: error.kind };
  }
  const outcome = compare(ours, theirs[i]);
  counts[outcome] = (counts[outcome] ?? 0) + 1;
  if (outcome === 'different') {
    console.log(
      `${JSON.stringify(source)}\n  here:  ${JSON.stringify(ours)}\n  there: ${JSON.stringify(theirs[i])}`,
    );
  }
}
console.log(`${sources.length} templates with the seed ${options.seed}:`, counts);
process.exitCode = counts.different > 0 ? 1 : 0;

function compare(ours, other) {
  if (ours.kind === 'unsupported') return 'refused by name';
  if (ours.error !== undefined && other.error !== undefined) return 'both refuse';
  return ours.text === other.text ? 'same' : 'different';
}
