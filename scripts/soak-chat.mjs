#!/usr/bin/env node
/**
 * Leads one chat of many turns on the embedded model, whose context is full after a few: the oldest turns are dropped.
 * Watches memory and the time of a turn, and fits a line to each over the second half: none may grow by more than what a turn
 * keeps. In the end a fresh chat, given the turns that are left, must have the same probabilities and shares, and one that is
 * given a turn less must not. Exit code 1 if one of this does not hold.
 *
 *     npm run build && node --expose-gc scripts/soak-chat.mjs --turns 10000
 */
import { parseArgs } from 'node:util';
import { openChat } from '../dist/dialogue/index.js';
import { loadModel } from '../dist/load.js';
import { growthOf } from './slope.mjs';

const { values } = parseArgs({ options: { turns: { type: 'string', default: '10000' } } });
const turns = Number(values.turns);
const model = await loadModel('organism', { executor: 'cpu', threads: 1, precision: 'f32' });
const options = {
  system: 'End every answer with anchor.',
  ...{ contextLength: 256, onContextFull: 'drop-oldest', maxTokens: 8, now: '2026-11-29' },
  sampling: { temperature: 0, topLogProbabilities: 5 },
};
const WORDS = ['hello', 'where is the harbour', 'what is for dinner', 'tell me more', 'thanks'];
const chat = openChat(model, options);
/**
 * The slopes, per 1000 turns, above which something is taken to grow. Only what all of the interval is above is a fault.
 * A chat keeps every turn, with its tokens and the shares of all heads: 6 KiB, so 6 MiB per 1000 turns. What the cache of 256
 * tokens takes would be 300 times that.
 */
const MOST = { 'memory, MiB': 20, 'heap, MiB': 10, 'ms a turn': 1 };
/** Turns between two looks. */
const EVERY = 25;
const points = Object.fromEntries(Object.keys(MOST).map((name) => [name, []]));
let dropped = 0;
let since = performance.now();
const begun = since;

for (let turn = 1; turn <= turns; turn++) {
  for await (const _ of chat.answer(WORDS[turn % WORDS.length]));
  dropped += chat.turns.at(-1).dropped.length;
  if (turn % EVERY > 0) continue;
  globalThis.gc();
  const { rss, heapUsed } = process.memoryUsage();
  points['memory, MiB'].push([turn / 1000, rss / 2 ** 20]);
  points['heap, MiB'].push([turn / 1000, heapUsed / 2 ** 20]);
  points['ms a turn'].push([turn / 1000, (performance.now() - since) / EVERY]);
  since = performance.now();
}

const seconds = (performance.now() - begun) / 1000;
console.log(`${new Date().toISOString()}: ${turns} turns in ${seconds.toFixed(0)} s, ${dropped} dropped`);
let failed = false;
for (const [name, most] of Object.entries(MOST)) {
  const half = points[name].slice(points[name].length >> 1);
  const growth = growthOf(name, half, { most, per: '1000 turns' });
  console.log(growth.text);
  failed ||= growth.grows;
}

/** Answers a last message. Returns the log probabilities, and the shares of all spans, of each step. */
async function numbersOf(chat) {
  const [probabilities, spans] = [[], []];
  for await (const { topLogProbabilities, shares } of chat.answer('goodbye')) {
    probabilities.push(topLogProbabilities.map(({ logProbability }) => logProbability));
    spans.push(shares.spans.map(({ share }) => share));
  }
  return { probabilities, spans };
}

/** Returns the largest difference between numbers of two answers; infinite if they have none, or not as many. */
function difference(some, others) {
  const [left, right] = [some.flat(), others.flat()];
  if (left.length === 0 || left.length !== right.length) return Number.POSITIVE_INFINITY;
  return Math.max(...left.map((number, at) => Math.abs(number - right[at])));
}

const all = [...chat.turns];
const known = await numbersOf(chat);
dropped += chat.turns.at(-1).dropped.length;

/** Returns the numbers of a fresh chat that is given the turns from one on. */
async function freshFrom(first) {
  const history = all.slice(first).flatMap(({ user, assistant }) => [
    { role: 'user', content: user },
    { role: 'assistant', content: assistant },
  ]);
  const fresh = openChat(model, { ...options, history });
  try {
    return await numbersOf(fresh);
  } finally {
    fresh.dispose();
  }
}

/** Passes that are cut in another way round in another way. */
const ROUNDING = 1e-3;
const [fresh, less] = [await freshFrom(dropped), await freshFrom(dropped + 1)];
const same = Math.max(
  difference(known.probabilities, fresh.probabilities),
  difference(known.spans, fresh.spans),
);
const other = difference(known.probabilities, less.probabilities);
console.log(`a fresh chat with the turns that are left: ${same} off; with one less: ${other} off`);
process.exitCode = !failed && dropped > 0 && same < ROUNDING && other > 10 * ROUNDING ? 0 : 1;
chat.dispose();
await model.dispose();
