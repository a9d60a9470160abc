import { ok, strictEqual } from 'node:assert';
import { fileURLToPath } from 'node:url';
import { checkStrength, parsePolicy } from '../../dist-fuzz/attention/index.js';
import { HoldfastError } from '../../dist-fuzz/errors.js';
import { loadModel } from '../../dist-fuzz/load.js';
import { bodyOf } from '../requests.mjs';
import { jsonOf, refuse } from '../sources.mjs';

/** The second has sliding windows and soft caps. */
const MODELS = await Promise.all(['llama', 'gemma2'].map(loadPair));
const CONTEXT = 96;
const SEQUENCES = 3;

/**
 * Calls of an executor on a few sequences, some of them copies of others, each of several requests at once. `cpu`, which is ggml, and
 * `reference` refuse the same ones with the same words, and return the same numbers for the others.
 */
export default {
  rooms: ['executors', 'attention'],
  kind: 'json',
  longest: 4096,
  native: true,
  seeds: () => CALLS.map(bodyOf),
  /** Gives lists for each head their length, and ids their range: few changes of the others would be seen otherwise. */
  repair(bytes) {
    try {
      const json = jsonOf(bytes);
      const { vocabSize, layers } = MODELS[json.model][0].executor.blueprint;
      const heads = layers.reduce((sum, { attention }) => sum + attention.heads, 0);
      for (const request of json.calls.flatMap(({ requests }) => requests)) {
        const { intervention, silenced, tokens } = request;
        if (intervention) intervention.strength = lengthened(intervention.strength, heads);
        if (silenced) request.silenced = lengthened(silenced, heads);
        const ids = Array.isArray(tokens) ? tokens : tokens.of;
        for (const [at, id] of ids.entries()) ids[at] = Math.abs(Math.trunc(id)) % vocabSize;
      }
      return bodyOf(json);
    } catch {
      return bytes;
    }
  },
  async read(bytes) {
    const { model, calls } = callsOf(jsonOf(bytes));
    const executors = MODELS[model].map(({ executor }) => executor);
    const opened = executors.map((executor) =>
      Array.from({ length: SEQUENCES }, () => executor.open(CONTEXT)),
    );
    try {
      for (const { keep, copy, requests } of calls) {
        for (const [at, sequences] of opened.entries()) {
          for (const [place, length] of keep.entries()) sequences[place].truncate(length);
          if (copy !== null) await copyTo(executors[at], sequences, copy);
        }
        const before = lengths(opened);
        const [own, reference] = await Promise.all(
          executors.map((executor, at) => outcome(executor, opened[at], requests)),
        );
        if (own instanceof HoldfastError || reference instanceof HoldfastError) {
          strictEqual(own.message, reference.message);
          strictEqual(lengths(opened), before, 'a refused call changed a sequence');
          throw own;
        }
        for (const [at, result] of own.entries()) checkEqual(result, reference[at]);
      }
      return calls;
    } finally {
      for (const sequence of opened.flat()) sequence.dispose();
    }
  },
  /** Everything is checked as soon as a call has ended: a later one may be refused. */
  check() {},
};

function checkEqual(own, reference) {
  const spread = Math.max(1e-3, largest(reference.logits));
  checkClose('logits', own.logits, reference.logits, 1e-3 * spread);
  for (const shares of ['spanShares', 'targetShares']) {
    for (const when of ['before', 'after'])
      checkClose(`${shares} ${when}`, own[shares]?.[when] ?? [], reference[shares]?.[when] ?? [], 1e-4);
  }
  for (const [layer, weights] of reference.attention)
    checkClose(`attention of layer ${layer}`, own.attention.get(layer), weights, 1e-4);
  for (const [index, state] of reference.hidden)
    checkClose(`hidden state ${index}`, own.hidden.get(index), state, 1e-3 * Math.max(1, largest(state)));
  strictEqual(own.attention.size, reference.attention.size);
  strictEqual(own.hidden.size, reference.hidden.size);
  checkCandidates(own.candidates, reference.candidates);
}

/** Tokens that are equally probable to rounding may be in another order, and the last ones may be others. */
function checkCandidates(own, reference) {
  strictEqual(own === undefined, reference === undefined);
  if (reference === undefined) return;
  const tolerance = 1e-3 * Math.max(1, largest(reference.logits));
  checkClose('normaliser', [own.normaliser], [reference.normaliser], tolerance);
  const count = Math.min(own.ids.length, reference.ids.length);
  ok(count > 0, 'no candidates');
  checkClose('logits of candidates', own.logits.slice(0, count), reference.logits.slice(0, count), tolerance);
}

const lengthened = (list, length) => Array.from({ length }, (_, at) => list[at % list.length]);

/** Both stay loaded as long as the process runs. */
async function loadPair(name) {
  const path = fileURLToPath(new URL(`../../test/fixtures/models/${name}`, import.meta.url));
  const own = await loadModel(path, { executor: 'cpu', precision: 'f32', threads: 1 });
  const reference = await loadModel(path, { executor: 'reference' });
  return [own, reference];
}

const lengths = (opened) => opened.map((sequences) => sequences.map(({ length }) => length).join()).join(' ');

/** Puts a copy of a sequence in the place of another, or of itself. */
async function copyTo(executor, sequences, { from, to }) {
  const copied = await executor.copy(sequences[from]);
  sequences[to].dispose();
  sequences[to] = copied;
}

/** Returns the results of a call, or why it is refused. */
async function outcome(executor, sequences, requests) {
  try {
    return await executor.forward(
      requests.map(({ sequence, ...request }) => ({ sequence: sequences[sequence], ...request })),
    );
  } catch (error) {
    if (error instanceof HoldfastError) return error;
    throw error;
  }
}

const largest = (numbers) => numbers.reduce((most, number) => Math.max(most, Math.abs(number)), 0);

function checkClose(what, found, expected, tolerance) {
  strictEqual(found.length, expected.length, `the number of ${what}`);
  for (let i = 0; i < found.length; i++) {
    const difference = Math.abs(found[i] - expected[i]);
    ok(difference <= tolerance, `${what}: ${found[i]} at ${i}, not ${expected[i]}`);
  }
}

/** Reads calls from JSON. Refuses what has no place in them by its type alone, and what is checked before an executor has it. */
function callsOf(json) {
  const { model, calls } = Object(json);
  if (!isWhole(model, 0, MODELS.length - 1)) refuse('no such model');
  return {
    model,
    calls: listOf(calls, 8).map((call) => ({
      keep: call?.keep === undefined ? [] : numbersOf(call.keep, SEQUENCES),
      copy: call?.copy === undefined ? null : copyOf(call.copy),
      requests: listOf(call?.requests, SEQUENCES).map(requestOf),
    })),
  };
}

function copyOf(copy) {
  const { from, to } = Object(copy);
  if (![from, to].every((place) => isWhole(place, 0, SEQUENCES - 1))) refuse('no such sequence');
  return { from, to };
}

function requestOf(request) {
  const { sequence, tokens, logits, intervention, spans, silenced, taps } = Object(request);
  if (!isWhole(sequence, 0, SEQUENCES - 1)) refuse('no such sequence');
  return {
    sequence,
    tokens: tokensOf(tokens),
    logits: ['last', 'all', 'none'].includes(logits) ? logits : candidatesOf(logits),
    ...(intervention !== undefined && { intervention: interventionOf(intervention) }),
    ...(spans !== undefined && { spans: rangesOf(spans) }),
    ...(silenced !== undefined && { silenced: Uint8Array.from(numbersOf(silenced), Boolean) }),
    ...(taps !== undefined && {
      taps: {
        ...(taps?.attention !== undefined && { attention: numbersOf(taps.attention) }),
        ...(taps?.hidden !== undefined && { hidden: numbersOf(taps.hidden) }),
      },
    }),
  };
}

/** Ids, or so many of them: `{"count": 70, "of": [1, 2]}`. */
function tokensOf(tokens) {
  if (Array.isArray(tokens)) return numbersOf(tokens, 200);
  const { count, of } = Object(tokens);
  const ids = numbersOf(of, 200);
  if (ids.length === 0 || !(count >= 0 && count <= 200)) refuse('no list of tokens');
  return Array.from({ length: count }, (_, at) => ids[at % ids.length]);
}

function interventionOf(intervention) {
  const { policy, target, strength } = Object(intervention);
  if (typeof policy !== 'string') refuse('no policy');
  const strengths = numbersOf(strength);
  const parsed = parsePolicy(policy);
  for (const number of strengths) checkStrength(parsed, number);
  return { policy: parsed, target: rangesOf(target), strength: Float32Array.from(strengths) };
}

/** What `engine` checks of the settings of a draw. */
function candidatesOf(candidates) {
  const { temperature, topK, topP, minP, least } = Object(candidates);
  numbersOf([temperature, topK, topP, minP, least]);
  const fits = [temperature >= 0 && temperature <= 100, isWhole(topK, 0, 1e6), topP > 0 && topP <= 1];
  fits.push(minP >= 0 && minP <= 1, isWhole(least, 1, 1000));
  return fits.every(Boolean) ? { temperature, topK, topP, minP, least } : refuse('no candidates');
}

const rangesOf = (ranges) =>
  listOf(ranges, 50).map((range) => {
    const { start, end } = Object(range);
    if (typeof start !== 'number' || typeof end !== 'number') refuse('no range');
    return { start, end };
  });

const isWhole = (number, from, to) => Number.isInteger(number) && number >= from && number <= to;

function numbersOf(list, most = 1000) {
  const numbers = listOf(list, most);
  return numbers.every((number) => typeof number === 'number') ? numbers : refuse('no numbers');
}

const listOf = (list, most) =>
  Array.isArray(list) && list.length <= most ? list : refuse('no list, or too long');

const range = (start, end) => ({ start, end });
const many = (count, number) => Array(count).fill(number);
/** Heads in all layers of each model. */
const [LLAMA, GEMMA] = [12, 16];
const CALLS = [
  {
    model: 0,
    calls: [
      {
        requests: [
          {
            ...{
              sequence: 0,
              tokens: [1, 9, 30, 7, 7, 12],
              logits: 'all',
              spans: [range(0, 2), range(3, 9)],
            },
            intervention: { policy: 'split-softmax', target: [range(0, 2)], strength: many(LLAMA, 0.5) },
          },
          { sequence: 1, tokens: [4], logits: 'last', taps: { attention: [0, 2], hidden: [0, 3] } },
        ],
      },
      {
        keep: [4, 1],
        copy: { from: 0, to: 2 },
        requests: [
          {
            ...{ sequence: 0, tokens: [8], logits: 'none', silenced: [...many(LLAMA - 1, 0), 1] },
            intervention: { policy: 'boost', target: [range(1, 3), range(5, 6)], strength: many(LLAMA, 8) },
          },
          {
            ...{ sequence: 1, tokens: [5], spans: [range(0, 1)] },
            logits: { temperature: 1, topK: 3, topP: 0.9, minP: 0.01, least: 2 },
          },
          { sequence: 2, tokens: [8, 30], logits: 'last', spans: [range(0, 2), range(2, 4)] },
        ],
      },
    ],
  },
  {
    model: 1,
    calls: [
      {
        requests: [
          {
            ...{ sequence: 0, tokens: { count: 70, of: [1, 9, 30] }, logits: 'last', spans: [range(0, 40)] },
            intervention: { policy: 'split-softmax', target: [range(0, 5)], strength: many(GEMMA, 0.3) },
          },
          { sequence: 2, tokens: { count: 18, of: [3] }, logits: 'last', spans: [] },
        ],
      },
      {
        requests: [
          {
            ...{ sequence: 0, tokens: [2], logits: 'last', taps: { attention: [1, 3] } },
            intervention: { policy: 'off', target: [range(0, 5)], strength: many(GEMMA, 1) },
          },
        ],
      },
    ],
  },
];
