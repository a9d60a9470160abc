import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { rotated } from './rotated.mjs';
import { fixedTokens } from './tokens.mjs';
import { contextLength, FILL_PIECE_TOKENS } from './workload.mjs';

/** Length of a pause before a turn, and how many are tried. */
const SETTLE_MS = 50;
const SETTLE_TRIES = 100;

/** @typedef {import('./subject.d.ts').Job} Job */
/** @typedef {import('./subject.d.ts').Subject} Subject */
/** @typedef {import('./subject.d.ts').Result} Result */

/**
 * A subject at work.
 *
 * @typedef {object} Runner
 * @property {Subject} subject
 * @property {readonly number[][]} tokens the fixed tokens of each sequence
 * @property {number[]} lengths tokens in each sequence
 * @property {import('./subject.d.ts').Samples} samples
 * @property {number[]} greedy
 */

/**
 * Runs one workload once, for one subject or for several in turns. Call it once per process: the peak memory is that of
 * the whole process.
 *
 * @param {readonly import('./subject.d.ts').OpenSubject[]} opens one for each of the job's subjects
 * @param {Job} job
 * @returns {Promise<Result[]>} by subject
 */
export async function measure(opens, job) {
  const { workload, pace } = job;
  /** @type {Runner[]} */
  const runners = [];
  for (const [index, open] of opens.entries()) runners.push(await start(open, job, index));
  if (workload.prefill !== null) await timePrefill(runners, workload.prefill);
  for (const runner of runners) {
    for (let sequence = 0; sequence < workload.sequences; sequence++)
      await fill(runner, sequence, workload.decodeAt);
  }
  await timeDecode(runners, workload, pace);
  for (const { samples } of runners) samples.peakMiB = [peakMemoryBytes() / 2 ** 20];
  for (const { subject } of runners) await subject.close();
  return runners.map(({ subject: { about }, samples, greedy }) => ({ about, samples, greedy }));
}

/**
 * Opens a subject and times the loading.
 *
 * @param {import('./subject.d.ts').OpenSubject} open
 * @param {Job} job
 * @param {number} index of the subject
 * @returns {Promise<Runner>}
 */
async function start(open, { model, threads, subjects, workload, pace }, index) {
  const { sequences } = workload;
  const length = contextLength(workload, pace);
  const tokens = Array.from({ length: sequences }, (_, sequence) => fixedTokens(length, sequence));
  const called = performance.now();
  const subject = await open({
    model,
    threads,
    sequences,
    contextLength: length,
    variant: subjects[index].variant,
  });
  const readyMs = performance.now() - called;
  // Include lazily mapped or prepared weights in the load time.
  await subject.feed([{ sequence: 0, tokens: tokens[0].slice(0, 1) }]);
  const firstTokenMs = performance.now() - called;
  await subject.clear();
  return {
    subject,
    tokens,
    lengths: tokens.map(() => 0),
    samples: { readyMs: [readyMs], firstTokenMs: [firstTokenMs] },
    greedy: [],
  };
}

/**
 * Times the prefill of one sequence.
 *
 * @param {readonly Runner[]} runners
 * @param {{ tokens: number, repeats: number }} prefill
 */
async function timePrefill(runners, { tokens, repeats }) {
  for (const runner of runners) {
    runner.samples.prefillMs = [];
    // A warm-up.
    await fill(runner, 0, Math.min(tokens, FILL_PIECE_TOKENS));
  }
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (const runner of rotated(runners, repeat)) {
      await settle(runners);
      await runner.subject.clear();
      runner.lengths.fill(0);
      const began = performance.now();
      await fill(runner, 0, tokens);
      runner.samples.prefillMs.push(performance.now() - began);
    }
  }
}

/**
 * Times single-token steps. The token at each position is fixed, not the model's choice, so every subject attends over
 * the same text.
 *
 * @param {readonly Runner[]} runners
 * @param {import('./subject.d.ts').Workload} workload
 * @param {import('./subject.d.ts').Pace} pace
 */
async function timeDecode(runners, { batches }, { turns, warmSteps, timedSteps }) {
  for (const batch of batches) {
    for (const { samples } of runners) samples[stepSample(batch)] = [];
    for (let turn = 0; turn < turns; turn++) {
      for (const runner of rotated(runners, turn)) {
        await settle(runners);
        for (let step = 0; step < warmSteps; step++) await runner.subject.feed(nextInputs(runner, batch));
        const samples = runner.samples[stepSample(batch)];
        for (let step = 0; step < timedSteps; step++) {
          const inputs = nextInputs(runner, batch);
          const began = performance.now();
          const next = await runner.subject.feed(inputs);
          samples.push(performance.now() - began);
          runner.greedy.push(...next);
        }
      }
    }
  }
}

/**
 * Returns the name of the samples of a decode step.
 *
 * @param {number} batch sequences that decode together
 */
export function stepSample(batch) {
  return `stepMs@${batch}`;
}

/**
 * Returns the next token of each of the first sequences.
 *
 * @param {Runner} runner
 * @param {number} batch
 */
function nextInputs({ tokens, lengths }, batch) {
  return Array.from({ length: batch }, (_, sequence) => ({
    sequence,
    tokens: [tokens[sequence][lengths[sequence]++]],
  }));
}

/**
 * Appends the fixed tokens up to a length.
 *
 * @param {Runner} runner
 * @param {number} sequence
 * @param {number} to
 */
async function fill({ subject, tokens, lengths }, sequence, to) {
  while (lengths[sequence] < to) {
    const end = Math.min(lengths[sequence] + FILL_PIECE_TOKENS, to);
    await subject.feed([{ sequence, tokens: tokens[sequence].slice(lengths[sequence], end) }]);
    lengths[sequence] = end;
  }
}

/**
 * Waits until the threads of the other subjects in this process sleep. Those of ONNX Runtime wait for work in a loop for
 * about 50 ms, and would take the cores from the next subject.
 *
 * @param {readonly Runner[]} runners
 */
async function settle(runners) {
  if (runners.length === 1) return;
  for (let tries = 0; tries < SETTLE_TRIES; tries++) {
    const before = process.cpuUsage();
    await sleep(SETTLE_MS);
    const { user, system } = process.cpuUsage(before);
    if ((user + system) / 1000 < 0.1 * SETTLE_MS) return;
  }
  throw new Error('the threads of a runtime do not go to sleep, so subjects cannot take turns');
}

/** Returns the peak resident memory of this process, including pages of mapped files. */
function peakMemoryBytes() {
  if (process.platform === 'linux') {
    const match = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
    if (match) return Number(match[1]) * 1024;
  }
  return process.resourceUsage().maxRSS * 1024;
}
