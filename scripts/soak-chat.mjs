#!/usr/bin/env node
/**
 * Leads one chat of many turns on the embedded model, whose context is full after a few: the oldest turns are dropped.
 * Watches memory and the time of a turn, and fits a line to each over the second half. In the end a fresh chat, given the
 * turns that are left, must give the same answer.
 *
 *     npm run build && node --expose-gc scripts/soak-chat.mjs --turns 10000
 */
import { parseArgs } from 'node:util';
import { openChat } from '../dist/dialogue/index.js';
import { loadModel } from '../dist/load.js';
import { lineOf } from './slope.mjs';

const { values } = parseArgs({ options: { turns: { type: 'string', default: '10000' } } });
const turns = Number(values.turns);
const model = await loadModel('organism', { executor: 'cpu', threads: 1 });
const options = {
  system: 'End every answer with anchor.',
  ...{ contextLength: 256, onContextFull: 'drop-oldest', maxTokens: 8, now: '2026-11-29' },
  sampling: { temperature: 0 },
};
const WORDS = ['hello', 'where is the harbour', 'what is for dinner', 'tell me more', 'thanks'];
const chat = openChat(model, options);
const points = { 'memory, MiB': [], 'heap, MiB': [], 'ms a turn': [] };
let dropped = 0;
let since = performance.now();
const begun = since;

for (let turn = 1; turn <= turns; turn++) {
  for await (const _ of chat.answer(WORDS[turn % WORDS.length]));
  dropped += chat.turns.at(-1).dropped.length;
  if (turn % 50 > 0) continue;
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  points['memory, MiB'].push([turn / 1000, rss / 2 ** 20]);
  points['heap, MiB'].push([turn / 1000, heapUsed / 2 ** 20]);
  points['ms a turn'].push([turn / 1000, (performance.now() - since) / 50]);
  since = performance.now();
}

const seconds = (performance.now() - begun) / 1000;
console.log(`${new Date().toISOString()}: ${turns} turns in ${seconds.toFixed(0)} s, ${dropped} dropped`);
for (const [name, all] of Object.entries(points)) {
  const { mean, slope, low, high } = lineOf(all.slice(all.length >> 1));
  console.log(
    `${name}: mean ${mean.toFixed(1)}, per 1000 turns ${slope.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`,
  );
}

const history = chat.turns.slice(dropped).flatMap(({ user, text }) => [
  { role: 'user', content: user },
  { role: 'assistant', content: text },
]);
const fresh = openChat(model, { ...options, history });
for await (const _ of chat.answer('goodbye'));
for await (const _ of fresh.answer('goodbye'));
const [old, young] = [chat, fresh].map((each) => each.turns.at(-1).text);
console.log(`the next answer of this chat: ${JSON.stringify(old)}, of a fresh one: ${JSON.stringify(young)}`);
process.exitCode = old === young ? 0 : 1;
fresh.dispose();
chat.dispose();
await model.dispose();
