/**
 * Runs one target on inputs that it makes, and keeps an input that takes branches as none did before. It tells the main
 * thread of every input before it runs it, in shared memory, so that the input is known if the thread hangs or dies. Native code
 * may end the process: its inputs are in a file as well.
 */
import { writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';
import { Coverage } from './coverage.mjs';
import { memoryLimitOf, processorMs, timeLimitOf } from './limits.mjs';
import { meterMemory, meterUses } from './memory.mjs';
import { mutate } from './mutate.mjs';
import { Progress } from './progress.mjs';
import { randomFrom } from './random.mjs';

const { module, running, runs, untilMs, seed, inputs, corpus, keeps, branches, literals, shared } =
  workerData;
globalThis.holdfastBranches = new Uint8Array(branches);
const coverage = new Coverage(globalThis.holdfastBranches);
const progress = new Progress(shared);
setFlagsFromString('--expose_gc');
const collectGarbage = runInNewContext('gc');

const target = (await import(module)).default;
const { HoldfastError } = await import('../dist-fuzz/errors.js');
const random = randomFrom(seed);
/** Copies, because the slice of a Buffer shares its memory and a mutation would change the seed. */
const seeds = target.seeds().map((seed) => new Uint8Array(seed));
const dictionary = dictionaryOf(target.rooms);

/** Inputs that reached something new, and that the target accepts. */
const accepted = [];
const findings = new Set();
/** Inputs that were run since the memory was last measured, which takes as long as a short input. */
let unweighed = [];
let meter = meterMemory();
const WEIGHED_TOGETHER = 64;
const MUCH = memoryLimitOf([]) / 2;

if (inputs !== null) {
  for (const input of inputs) await execute(input);
  await weigh();
  parentPort.postMessage({ branches: coverage.branches().size, cover: null });
} else {
  for (const [index, input] of seeds.entries()) {
    const { refusal } = await execute(input);
    if (refusal === null) continue;
    const what = `Seed ${index} is refused, so that nothing like it is checked: ${refusal.stack}`;
    parentPort.postMessage({ finding: { what, input } });
  }
  const ofSeeds = coverage.branches();
  let kept = 0;
  for (; kept < corpus.length && !isStopped(); kept++) await execute(corpus[kept]);
  for (let done = 0; done < runs && Date.now() < untilMs && !isStopped(); done++) {
    progress.count('made');
    await execute(nextInput());
  }
  await weigh();
  const isWhole = kept === corpus.length;
  const cover = keeps && isWhole ? coverage.cover(ofSeeds, () => progress.count('beats')) : null;
  parentPort.postMessage({ branches: coverage.branches().size, cover });
}

function isStopped() {
  return progress.get('stop') === 1;
}

function nextInput() {
  const chosen = chosenInput();
  const changed = tried(
    () => mutate(chosen, target.kind, random, { dictionary, other: coverage.any(random) }),
    chosen,
  );
  const repaired = target.repair !== undefined && random.chance(0.7) ? target.repair(changed) : changed;
  return repaired.slice(0, target.longest ?? 16384);
}

/** Half of the inputs are made from accepted ones: most changes of a refused one are refused too, and check nothing. */
function chosenInput() {
  if (accepted.length > 0 && random.chance(0.5)) return random.pick(accepted);
  return random.chance(0.5) ? coverage.any(random) : coverage.short(random);
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
  tell(input);
  progress.count('done');
  coverage.clear();
  const { refusal, failure, ms } = await attempt(input);
  const isAccepted = refusal === null && failure === null;
  if (isAccepted) progress.count('accepted');
  if (coverage.learn(input) && isAccepted) accepted.push(input);
  const found = failure ?? (ms > timeLimitOf(input, target.uses) ? await slow(input) : null);
  if (found !== null) report(found, input);
  unweighed.push(input);
  if (unweighed.length === WEIGHED_TOGETHER) await weigh();
  return { refusal };
}

/** Tells the main thread which input runs now. Native code may end the process, so its input is left in a file for the next run. */
function tell(input) {
  progress.input = input;
  if (target.native) writeFileSync(running, input);
}

/** Reports one input for each place and kind of failure. */
function report({ name, message, stack }, input) {
  const place = /(?:dist-fuzz|targets)\/[^)\n]*/.exec(stack ?? '')?.[0] ?? '';
  const key = `${name}: ${message.replaceAll(/[\d"'].*/gs, '')} ${place}`;
  if (findings.has(key)) return;
  findings.add(key);
  parentPort.postMessage({ finding: { what: stack ?? `${name}: ${message}`, input } });
}

/** Runs an input once, and measures its time by a clock, which costs less to read than processor time. */
async function attempt(input) {
  const begun = performance.now();
  return { ...(await outcomeOf(input)), ms: performance.now() - begun };
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

/** The machine, or other threads of this process, may have been busy: only an input that is slow three times more is too slow. */
async function slow(input) {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 3; i++) {
    const begun = processorMs();
    tell(input);
    await outcomeOf(input);
    least = Math.min(least, processorMs() - begun);
  }
  if (least <= timeLimitOf(input, target.uses)) return null;
  return named('Slow', `${input.length} bytes take ${Math.round(least)} ms`);
}

/** Measures the memory that the latest inputs took together. */
async function weigh() {
  const inputs = unweighed;
  unweighed = [];
  if (meter.stop() > MUCH) await findLarge(inputs);
  meter = meterMemory();
}

/** Reports the inputs that take too much: runs them again, and halves of them for as long as they take much together. */
async function findLarge(inputs) {
  if (inputs.length === 1) return large(inputs[0]);
  // Garbage of earlier inputs is no memory of these.
  collectGarbage();
  const own = meterMemory();
  for (const input of inputs) {
    tell(input);
    await outcomeOf(input);
  }
  if (own.stop() <= MUCH) return;
  await findLarge(inputs.slice(0, inputs.length >> 1));
  await findLarge(inputs.slice(inputs.length >> 1));
}

async function large(input) {
  tell(input);
  const bytes = await meterUses(() => outcomeOf(input), collectGarbage);
  if (bytes <= memoryLimitOf(input)) return;
  report(named('Large', `${input.length} bytes take ${Math.round(bytes / 2 ** 20)} MiB`), input);
}

function named(name, message) {
  return { name, message, stack: `${name}: ${message}` };
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
