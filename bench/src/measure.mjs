import { readFileSync } from 'node:fs';
import { decodeMetric } from './metrics.mjs';
import { fixedTokens } from './tokens.mjs';
import { contextLength, FILL_PIECE_TOKENS, WARM_STEPS } from './workload.mjs';

/**
 * Runs one subject once through the workload. Call it once per process: the peak memory is that of the whole process.
 *
 * @param {import('./subject.d.ts').OpenSubject} open
 * @param {import('./subject.d.ts').Job} job
 * @returns {Promise<import('./subject.d.ts').RoundResult>}
 */
export async function measure(open, { model, threads, variant, workload }) {
  const tokens = fixedTokens(contextLength(workload));

  const called = performance.now();
  const subject = await open({ model, threads, contextLength: tokens.length, variant });
  const readyMs = performance.now() - called;
  // Include lazily mapped or prepared weights in the load time.
  await subject.feed(tokens.slice(0, 1));
  const firstTokenMs = performance.now() - called;

  const prefillMs = await timePrefill(subject, tokens, workload);
  await subject.clear();
  const { decodeMs, greedy } = await timeDecode(subject, tokens, workload);
  const { about } = subject;
  await subject.close();

  return {
    about,
    samples: {
      readyMs: [readyMs],
      firstTokenMs: [firstTokenMs],
      prefillMs,
      ...decodeMs,
      peakMiB: [peakMemoryBytes() / 2 ** 20],
    },
    greedy,
  };
}

/**
 * @param {import('./subject.d.ts').Subject} subject
 * @param {readonly number[]} tokens
 * @param {import('./subject.d.ts').Workload} workload
 */
async function timePrefill(subject, tokens, { prefillTokens, prefillRepeats }) {
  const prompt = tokens.slice(0, prefillTokens);
  const samples = [];
  // Repeat 0 is a warm-up.
  for (let repeat = 0; repeat <= prefillRepeats; repeat++) {
    await subject.clear();
    const start = performance.now();
    await subject.feed(prompt);
    if (repeat > 0) samples.push(performance.now() - start);
  }
  return samples;
}

/**
 * Grows one sequence through all the lengths. The token at each position is fixed, not the model's choice, so every
 * subject attends over the same text.
 *
 * @param {import('./subject.d.ts').Subject} subject
 * @param {readonly number[]} tokens
 * @param {import('./subject.d.ts').Workload} workload
 */
async function timeDecode(subject, tokens, { decodeAt, decodeSteps }) {
  /** @type {import('./subject.d.ts').Samples} */
  const decodeMs = {};
  const greedy = [];
  let length = 0;
  for (const at of decodeAt) {
    const fillTo = at - WARM_STEPS;
    while (length < fillTo) {
      const end = Math.min(length + FILL_PIECE_TOKENS, fillTo);
      await subject.feed(tokens.slice(length, end));
      length = end;
    }
    while (length < at) await subject.feed([tokens[length++]]);

    const samples = [];
    for (let step = 0; step < decodeSteps; step++) {
      const token = [tokens[length++]];
      const start = performance.now();
      const next = await subject.feed(token);
      samples.push(performance.now() - start);
      greedy.push(next);
    }
    decodeMs[decodeMetric(at)] = samples;
  }
  return { decodeMs, greedy };
}

/** Returns the peak resident memory of this process, including pages of mapped files. */
function peakMemoryBytes() {
  if (process.platform === 'linux') {
    const match = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
    if (match) return Number(match[1]) * 1024;
  }
  return process.resourceUsage().maxRSS * 1024;
}
