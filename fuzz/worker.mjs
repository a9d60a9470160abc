/**
 * Runs one target on inputs that it makes, and keeps an input that takes branches as none did before. It tells the main
 * thread of every input before it runs it, in shared memory, so that the input is known if the thread hangs or dies.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';
import { memoryLimitOf, processorMs, timeLimitOf } from './limits.mjs';
import { meterMemory } from './memory.mjs';
import { mutate } from './mutate.mjs';
import { randomFrom } from './random.mjs';

const { module, runs, untilMs, seed, inputs, branches, literals, shared } = workerData;
globalThis.holdfastBranches = new Uint8Array(branches);
const counters = globalThis.holdfastBranches;
const words = new Int32Array(counters.buffer, 0, branches / 4);
const [progress, current] = [new Int32Array(shared, 0, 4), new Uint8Array(shared, 16)];
setFlagsFromString('--expose_gc');
const collectGarbage = runInNewContext('gc');

const target = (await import(module)).default;
const { HoldfastError } = await import('../dist-fuzz/errors.js');
const random = randomFrom(seed);
/** Copies, because the slice of a Buffer shares its memory and a mutation would change the seed. */
const seeds = target.seeds().map((seed) => new Uint8Array(seed));
const dictionary = dictionaryOf(target.rooms);

/** For each branch, one bit for each magnitude of its count that some input reached. */
const reached = new Uint8Array(branches);
/** Inputs that reached something new, and for each branch the shortest that takes it. */
const kept = [];
/** Those of them that the target accepts. */
const accepted = [];
const shortest = new Map();
/** Indices of the inputs that are the shortest of some branch; found again after something new was reached. */
let favoured = null;
const findings = new Set();
/** Inputs that were run since the memory was last measured, which takes as long as a short input. */
let unweighed = [];
let meter = meterMemory();
const WEIGHED_TOGETHER = 64;

if (inputs !== null) for (const input of inputs) await execute(input);
else {
  for (const [index, input] of seeds.entries()) {
    const { refusal } = await execute(input);
    if (refusal === null) continue;
    const what = `Seed ${index} is refused, so that nothing like it is checked: ${refusal.stack}`;
    parentPort.postMessage({ finding: { what, input } });
  }
  for (let done = seeds.length; done < runs && Date.now() < untilMs; done++) await execute(nextInput());
}
await weigh();
parentPort.postMessage({
  kept: new Set(shortest.values()).size,
  branches: shortest.size,
});

function nextInput() {
  const chosen = chosenInput();
  const changed = tried(
    () => mutate(chosen, target.kind, random, { dictionary, other: random.pick(kept) }),
    chosen,
  );
  const repaired = target.repair !== undefined && random.chance(0.7) ? target.repair(changed) : changed;
  return repaired.slice(0, target.longest ?? 16384);
}

/** Half of the inputs are made from accepted ones: most changes of a refused one are refused too, and check nothing. */
function chosenInput() {
  if (accepted.length > 0 && random.chance(0.5)) return random.pick(accepted);
  return random.chance(0.5) ? random.pick(kept) : kept[random.pick(shortestOf())];
}

function shortestOf() {
  favoured ??= [...new Set(shortest.values())];
  return favoured;
}

/** A change that nests a value too deeply for this thread's stack changes nothing. */
function tried(change, otherwise) {
  try {
    return change();
  } catch (error) {
    if (error instanceof RangeError) return otherwise;
    throw error;
  }
}

/** Runs an input, and reports it if it fails. @returns why the target refuses it; null if it does not */
async function execute(input) {
  current.set(input.subarray(0, current.length));
  Atomics.store(progress, 1, input.length);
  Atomics.add(progress, 0, 1);
  counters.fill(0);
  const { refusal, failure, ms } = await attempt(input);
  const isAccepted = refusal === null && failure === null;
  if (isAccepted) Atomics.add(progress, 2, 1);
  if (learn(input) && isAccepted) accepted.push(input);
  const found = failure ?? (ms > timeLimitOf(input, target.uses) ? await slow(input, ms) : null);
  if (found !== null) report(found, input);
  unweighed.push(input);
  if (unweighed.length === WEIGHED_TOGETHER) await weigh();
  return { refusal };
}

/** Reports one input for each place and kind of failure. */
function report({ name, message, stack }, input) {
  const place = /(?:dist-fuzz|targets)\/[^)\n]*/.exec(stack ?? '')?.[0] ?? '';
  const key = `${name}: ${message.replaceAll(/[\d"'].*/gs, '')} ${place}`;
  if (findings.has(key)) return;
  findings.add(key);
  parentPort.postMessage({ finding: { what: stack ?? `${name}: ${message}`, input } });
}

/** Runs an input once, and measures its time. */
async function attempt(input) {
  const begun = processorMs();
  return { ...(await outcomeOf(input)), ms: processorMs() - begun };
}

/** An input may be refused while it is read, and by nothing that comes after. Every other error is a failure. */
async function outcomeOf(input) {
  let value;
  try {
    value = await target.read(input);
  } catch (error) {
    return error instanceof HoldfastError
      ? { refusal: error, failure: null }
      : { refusal: null, failure: errorOf(error) };
  }
  try {
    await target.check(value, input);
    return { refusal: null, failure: null };
  } catch (error) {
    return { refusal: null, failure: errorOf(error) };
  }
}

function errorOf(error) {
  return error instanceof Error ? error : new Error(String(error));
}

/** Other threads of this process may have been busy: only an input that is slow three times is too slow. */
async function slow(input, firstMs) {
  let least = firstMs;
  for (let i = 0; i < 2; i++) least = Math.min(least, (await attempt(input)).ms);
  if (least <= timeLimitOf(input, target.uses)) return null;
  return named('Slow', `${input.length} bytes take ${Math.round(least)} ms`);
}

/** Measures the memory that the latest inputs took together, and of each one alone if it is much. */
async function weigh() {
  const inputs = unweighed;
  unweighed = [];
  if (meter.stop() > memoryLimitOf([]) / 2) for (const input of inputs) await large(input);
  meter = meterMemory();
}

/** Reports an input that takes too much. Garbage of earlier inputs is no memory of this one. */
async function large(input) {
  collectGarbage();
  const own = meterMemory();
  await outcomeOf(input);
  const bytes = own.stop();
  if (bytes <= memoryLimitOf(input)) return;
  report(named('Large', `${input.length} bytes take ${Math.round(bytes / 2 ** 20)} MiB`), input);
}

function named(name, message) {
  return { name, message, stack: `${name}: ${message}` };
}

/** Keeps an input if a branch has a count of a magnitude that it had never before. @returns whether it is kept */
function learn(input) {
  let isNew = false;
  for (let word = 0; word < words.length; word++) {
    if (words[word] === 0) continue;
    for (let branch = 4 * word; branch < 4 * word + 4; branch++) {
      const count = counters[branch];
      if (count === 0) continue;
      const bit = 1 << Math.min(7, 32 - Math.clz32(count) - 1);
      if ((reached[branch] & bit) === 0) {
        reached[branch] |= bit;
        isNew = true;
      }
      const known = shortest.get(branch);
      if (known === undefined || kept[known].length > input.length) {
        shortest.set(branch, kept.length);
        isNew = true;
      }
    }
  }
  if (isNew) {
    kept.push(input);
    favoured = null;
  }
  return isNew;
}

/** Returns the words that inputs are compared with in the target's rooms, and those of its seeds. */
function dictionaryOf(rooms) {
  const found = new Set();
  for (const [module, list] of Object.entries(literals)) {
    if (rooms.some((room) => module.startsWith(room))) for (const literal of list) found.add(String(literal));
  }
  for (const input of seeds) {
    for (const [word] of Buffer.from(input)
      .toString('latin1')
      .matchAll(/[\w.-]{2,30}/g))
      found.add(word);
  }
  return [...found];
}
