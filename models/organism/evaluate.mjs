// Evaluates an organism on held-out trials under each arm of evaluation.json, and writes records, a summary and tables.
//
//     node models/organism/evaluate.mjs models/organism/soft --out models/organism/runs/soft-evaluation
//         [--arms 2] [--trials 64] [--first 1000] [--jobs 2] [--batch 8]
//
// Each of --jobs processes runs --batch trials at once. Writes each trial when it ends, and resumes when run again with the same folder. A folder belongs to one model, grammar
// and plan; others are refused.
import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadModel } from '../../dist/index.js';
import {
  armEffect,
  drawBareTrial,
  drawTrial,
  loadGrammar,
  referencePass,
  runTrial,
  summarizeArm,
} from '../../dist/organism/index.js';
import { tables } from './tables.mjs';

const plan = JSON.parse(readFileSync(new URL('evaluation.json', import.meta.url), 'utf8'));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string' },
    arms: { type: 'string', default: String(plan.arms.length) },
    trials: { type: 'string', default: String(plan.trials) },
    first: { type: 'string', default: '0' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    batch: { type: 'string', default: '1' },
    worker: { type: 'string' },
  },
});
const [folder] = positionals;
const { out } = values;
if (!folder || !out)
  throw new Error(
    'usage: evaluate.mjs MODEL --out FOLDER [--arms N] [--trials N] [--first N] [--jobs N] [--batch N]',
  );
const arms = plan.arms.slice(0, Number(values.arms));
const trials = Number(values.trials);
const first = Number(values.first);
const jobs = Number(values.jobs);
const batch = Number(values.batch);

if (values.worker === undefined) {
  mkdirSync(out, { recursive: true });
  const weights = sha256(join(folder, 'model.safetensors'));
  claimFolder(weights);
  dropCutLines();
  await Promise.all(Array.from({ length: jobs }, (_, index) => startWorker(index)));
  writeSummary(weights);
} else await work(Number(values.worker));

function startWorker(index) {
  const worker = fork(fileURLToPath(import.meta.url), [...process.argv.slice(2), '--worker', String(index)]);
  return new Promise((resolve, reject) =>
    worker.on('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`worker ${index} failed: exit code ${code}`)),
    ),
  );
}

/** Marks a folder with what its records depend on: weights, grammar and plan. Throws if it has another mark. */
function claimFolder(weights) {
  const claim = JSON.stringify(
    {
      weights,
      grammar: sha256(new URL('grammar.json', import.meta.url)),
      plan: { ...plan, trials: undefined },
    },
    null,
    1,
  );
  const file = join(out, 'claim.json');
  if (existsSync(file) && readFileSync(file, 'utf8') !== claim) {
    throw new Error(
      `the folder contains records of another model, grammar or plan: ${file}. Choose another folder`,
    );
  }
  writeFileSync(file, claim);
}

function sha256(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** Runs the trials of one worker, every jobs-th trial, arm by arm, several at once. */
async function work(index) {
  const grammar = loadGrammar();
  const model = await loadModel(folder, { threads: 1, precision: 'f32', batchInvariant: true });
  const file = join(out, `records-${index}.jsonl`);
  const done = new Set(readRecords().map(({ arm, trial }) => `${arm} ${trial}`));
  const probeRounds = new Set(plan.probeRounds);
  const numbers = Array.from({ length: trials }, (_, place) => first + place);
  const waiting = arms.flatMap((arm) =>
    numbers
      .filter((number, place) => place % jobs === index && !done.has(`${arm.name} ${number}`))
      .map((number) => ({ arm, number })),
  );
  const run = async ({ arm, number }) => {
    const trial = drawTrial(grammar, number, plan.rounds);
    const rounds = [];
    for await (const round of runTrial(model, grammar, trial, arm, probeRounds)) rounds.push(round);
    const [reference, bare] = await Promise.all([
      referencePass(model, trial, arm),
      referencePass(model, drawBareTrial(grammar, number, plan.rounds), arm),
    ]);
    appendFileSync(file, `${JSON.stringify({ arm: arm.name, trial: number, rounds, reference, bare })}\n`);
  };
  const runMany = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if (next.number === numbers[0]) process.stderr.write(`${next.arm.name}: ${new Date().toISOString()}\n`);
      await run(next);
    }
  };
  await Promise.all(Array.from({ length: batch }, runMany));
  await model.dispose();
}

/** Reads the records of all workers. Drops an incomplete last line, whose trial is run again. */
function readRecords() {
  return recordFiles().flatMap((file) => {
    const lines = readFileSync(file, 'utf8').split('\n');
    return lines.slice(0, -1).map((line) => JSON.parse(line));
  });
}

function recordFiles() {
  return readdirSync(out)
    .filter((name) => /^records-\d+\.jsonl$/.test(name))
    .map((name) => join(out, name));
}

/** Removes incomplete last lines, so that the next record starts on a line of its own. */
function dropCutLines() {
  for (const file of recordFiles()) {
    const text = readFileSync(file, 'utf8');
    if (!text.endsWith('\n')) writeFileSync(file, text.slice(0, text.lastIndexOf('\n') + 1));
  }
}

function writeSummary(weights) {
  const records = readRecords();
  const gathered = arms.map(({ name }) => {
    const own = records
      .filter(({ arm, trial }) => arm === name && trial >= first && trial < first + trials)
      .sort((a, b) => a.trial - b.trial);
    return {
      name,
      trials: own.map(({ rounds }) => rounds),
      references: own.map(({ reference }) => reference),
      bare: own.map(({ bare }) => bare),
    };
  });
  const [off, ...others] = gathered;
  const summary = {
    model: basename(folder),
    sha256: weights,
    first,
    trials,
    rounds: plan.rounds,
    arms: gathered.map(summarizeArm),
    effects: others.map((arm) => armEffect(off, arm)),
  };
  // Four digits are more than the intervals resolve.
  const text = JSON.stringify(
    summary,
    (_, value) => (typeof value === 'number' ? Number(value.toFixed(4)) : value),
    1,
  );
  writeFileSync(join(out, 'summary.json'), `${text}\n`);
  writeFileSync(join(out, 'evaluation.md'), tables(summary));
}
