#!/usr/bin/env node
/**
 * Runs random requests on random models in an executor with native code: cpu (ggml) or gpu (Dawn). A native crash ends a
 * child process: its last case is printed with the seed that repeats it. Every request is valid or not by the contract: a
 * valid one must return a result of the right sizes, another must fail with the HoldfastError that the contract names. Where
 * the outcome depends on when something else ends, both may be; these are counted. The memory of the process must not grow. A
 * caller that changes the arrays of its requests after the call must get the bits that it would have got without. Exit code 1
 * also if nothing was answered.
 *
 *     npm run build && node scripts/fuzz-executor.mjs --count 10000
 *     node scripts/fuzz-executor.mjs --count 1000 --wild 80      # most requests are such that must be refused
 *     node scripts/fuzz-executor.mjs --executor gpu --count 30 --sets 20      # several sets of actions on each model
 *     node scripts/fuzz-executor.mjs --seed 4711 --count 1       # one case again
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import fc from 'fast-check';
import { planModel, tensorShapes } from '../dist/architectures/index.js';
import { POLICIES } from '../dist/attention/index.js';
import { HoldfastError } from '../dist/errors.js';
import { EXECUTOR_TABLE } from '../dist/executors/registry.js';
import { BLOCK_LAYOUTS, byteLengthOf } from '../dist/formats/index.js';

const root = fileURLToPath(new URL('../', import.meta.url));
const { values: options } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '200' },
    executor: { type: 'string', default: 'cpu' },
    wild: { type: 'string', default: '2' },
    sets: { type: 'string', default: '1' },
    child: { type: 'boolean', default: false },
  },
});
const [firstSeed, count, wildPercent] = [options.seed, options.count, options.wild].map(Number);
const sets = Number(options.sets);
const { create } = EXECUTOR_TABLE[options.executor];

/** A child runs this many cases, then another takes over, so that a crash costs few. */
const CASES_OF_A_CHILD = 1000;
/** Cases before memory is first looked at, and how much more a child may hold at its end. */
const WARM_UP = 100;
const MOST_GROWTH_BYTES = 150 * 2 ** 20;

const FAMILIES = readdirSync(join(root, 'test/fixtures/models')).map((name) =>
  JSON.parse(readFileSync(join(root, 'test/fixtures/models', name, 'config.json'), 'utf8')),
);
const TYPES = Object.keys(BLOCK_LAYOUTS).filter((type) => type !== 'I64' && type !== 'F32');
const BLOCKS = new Map(
  TYPES.map((type) => [type, readFileSync(join(root, 'test/fixtures/quant', `${type}.bin`))]),
);

// Models.
const arbitraryModel = fc.record({
  family: fc.nat(FAMILIES.length - 1),
  layers: fc.integer({ min: 1, max: 3 }),
  kvHeads: fc.integer({ min: 1, max: 3 }),
  group: fc.integer({ min: 1, max: 4 }),
  headDim: fc.constantFrom(2, 4, 6, 16, 24, 32),
  hidden: fc.constantFrom(32, 36, 64, 256),
  mlp: fc.constantFrom(32, 50, 96, 256),
  vocab: fc.integer({ min: 5, max: 80 }),
  window: fc.integer({ min: 1, max: 90 }),
  types: fc.array(fc.option(fc.constantFrom(...TYPES), { nil: 'F32' }), { minLength: 1, maxLength: 8 }),
  /** Bytes before the first tensor, if they are in a file, and so mapped; null if they are in memory. */
  fileOffset: fc.option(fc.nat(70)),
  precision: fc.constantFrom('auto', 'f32', 'q8', 'q4'),
  threads: fc.constantFrom(1, 1, 1, 2),
});

const folder = mkdtempSync(join(tmpdir(), 'holdfast-fuzz-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
let files = 0;

async function createModel({ family, types, fileOffset, ...sizes }) {
  const config = { ...FAMILIES[family] };
  const { layers, kvHeads, group, hidden, mlp, vocab, window } = sizes;
  const rotated = config.rope_parameters?.partial_rotary_factor ?? 1;
  // Elements are rotated in pairs.
  const headDim = Math.floor(sizes.headDim * rotated) % 2 === 0 ? sizes.headDim : 2 * sizes.headDim;
  const heads = kvHeads * group;
  Object.assign(config, {
    ...{ num_hidden_layers: layers, num_key_value_heads: kvHeads, num_attention_heads: heads },
    ...{ hidden_size: hidden, intermediate_size: mlp, vocab_size: vocab, head_dim: headDim },
    ...{ bos_token_id: 1, eos_token_id: 2, pad_token_id: 0 },
  });
  if (typeof config.sliding_window === 'number') config.sliding_window = window;
  for (const list of ['layer_types', 'no_rope_layers']) {
    if (config[list])
      config[list] = Array.from({ length: layers }, (_, i) => config[list][i % config[list].length]);
  }
  for (const factors of ['long_factor', 'short_factor']) {
    const own = config.rope_parameters?.[factors];
    if (own === undefined) continue;
    const pairs = Math.floor((headDim * config.rope_parameters.partial_rotary_factor) / 2);
    const all = Array.from({ length: pairs }, (_, i) => own[i % own.length]);
    config.rope_parameters = { ...config.rope_parameters, [factors]: all };
  }
  let [state, end] = [7, fileOffset ?? 0];
  const draw = (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const parts = [new Uint8Array(end)];
  const tensors = new Map();
  for (const [name, shape] of tensorShapes(config)) {
    const wanted = shape.length === 1 ? 'F32' : types[tensors.size % types.length];
    const type = (shape.at(-1) ?? 1) % BLOCK_LAYOUTS[wanted].elements === 0 ? wanted : 'F32';
    const size = shape.reduce((product, length) => product * length, 1);
    const bytes = new Uint8Array(byteLengthOf(type, size));
    if (type === 'F32') {
      const floats = Float32Array.from({ length: size }, () => (draw(2000) - 1000) / 1000);
      bytes.set(new Uint8Array(floats.buffer));
    } else {
      const [blocks, width] = [BLOCKS.get(type), BLOCK_LAYOUTS[type].bytes];
      for (let at = 0; at < bytes.length; at += width) {
        const from = draw(Math.floor(blocks.length / width)) * width;
        bytes.set(blocks.subarray(from, from + width), at);
      }
    }
    tensors.set(name, { name, type, shape, offset: end, byteLength: bytes.length });
    parts.push(bytes);
    end += bytes.length;
  }
  const all = new Uint8Array(Buffer.concat(parts));
  let source = { name: 'memory', size: end, read: async (at, length) => all.subarray(at, at + length) };
  let path = null;
  if (fileOffset !== null) {
    path = join(folder, `${files++}`);
    writeFileSync(path, all);
    const read = async (at, length) => new Uint8Array(await readFile(path)).subarray(at, at + length);
    source = { name: path, size: end, file: path, read };
  }
  for (const info of tensors.values()) info.source = source;
  const checkpoint = { format: 'safetensors', name: 'random', tensors, metadata: new Map() };
  return {
    plan: await planModel(checkpoint, config),
    checkpoint,
    remove: () => path !== null && rmSync(path),
  };
}

// What is done with a model. Sequences and executors are given by numbers, which are taken modulo those that there are.
const size = fc.oneof(
  { arbitrary: fc.integer({ min: 1, max: 700 }), weight: 20 },
  { arbitrary: fc.constantFrom(0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, 1e15), weight: 1 },
);
const ranges = fc
  .uniqueArray(fc.oneof(fc.nat(100), fc.nat(700), fc.constant(1e9)), { maxLength: 12 })
  .map((borders) => {
    const sorted = borders.sort((a, b) => a - b);
    return sorted.slice(1).flatMap((end, i) => (i % 3 === 2 ? [] : [{ start: sorted[i], end }]));
  });
const arbitraryRequest = fc.record({
  /** Whether the request may be one that must be refused. */
  wild: fc.nat(99).map((number) => number < wildPercent),
  /** What is then wild of it. One thing alone shows whether it is refused for that. */
  fault: fc.constantFrom('sequence', 'tokens', 'token', 'taps', 'all'),
  sequence: fc.nat(9),
  tokens: fc.oneof(
    { arbitrary: fc.constant(1), weight: 12 },
    { arbitrary: fc.integer({ min: 0, max: 90 }), weight: 8 },
    { arbitrary: fc.integer({ min: 0, max: 600 }), weight: 1 },
  ),
  token: fc.oneof(
    { arbitrary: fc.nat(1e6), weight: 30 },
    { arbitrary: fc.constantFrom(-1, 1e9, 0.5), weight: 1 },
  ),
  logits: fc.constantFrom('last', 'all', 'none', 'candidates'),
  policy: fc.option(
    fc.record({
      policy: fc.constantFrom(...POLICIES),
      target: ranges,
      strengths: fc.array(
        fc.constantFrom(0, 1, 0.5, 1e-6, 2, 1e6, 1e-30, Number.NaN, Number.POSITIVE_INFINITY, -1),
        {
          minLength: 1,
          maxLength: 5,
        },
      ),
    }),
  ),
  spans: fc.option(ranges),
  silenced: fc.option(fc.array(fc.nat(1), { minLength: 1, maxLength: 7 })),
  taps: fc.option(
    fc.record({
      attention: fc.array(fc.integer({ min: -1, max: 4 }), { maxLength: 3 }),
      hidden: fc.array(fc.integer({ min: -1, max: 4 }), { maxLength: 3 }),
    }),
  ),
});
const action = fc.oneof(
  { arbitrary: fc.record({ do: fc.constant('open'), executor: fc.nat(3), size }), weight: 3 },
  {
    arbitrary: fc.record({
      do: fc.constant('forward'),
      executor: fc.nat(3),
      requests: fc.array(arbitraryRequest, { minLength: 1, maxLength: 6 }),
      abortMs: fc.oneof(
        { arbitrary: fc.constant(null), weight: 5 },
        { arbitrary: fc.integer({ min: -1, max: 6 }), weight: 1 },
      ),
      awaited: fc.boolean(),
    }),
    weight: 8,
  },
  {
    arbitrary: fc.record({
      do: fc.constant('change'),
      executor: fc.nat(3),
      requests: fc.array(arbitraryRequest, { minLength: 1, maxLength: 4 }),
      typed: fc.boolean(),
      noise: fc.integer(),
    }),
    weight: 1,
  },
  {
    arbitrary: fc.record({
      do: fc.constant('copy'),
      executor: fc.nat(3),
      sequence: fc.nat(9),
      own: fc.integer({ min: 0, max: 9 }).map((tenth) => tenth > 0),
      awaited: fc.boolean(),
    }),
    weight: 1,
  },
  { arbitrary: fc.record({ do: fc.constant('truncate'), sequence: fc.nat(9), size }), weight: 1 },
  { arbitrary: fc.record({ do: fc.constant('dispose'), sequence: fc.nat(9) }), weight: 1 },
  { arbitrary: fc.record({ do: fc.constant('wait'), ms: fc.nat(2) }), weight: 1 },
);
const end = fc.option(fc.record({ do: fc.constant('disposeExecutor'), executor: fc.nat(3) }));
const arbitraryCase = fc.record({
  model: arbitraryModel,
  executors: fc.integer({ min: 1, max: 2 }),
  /** What is done one after the other, each time with new sequences. */
  sets: fc.array(
    fc.record({
      sizes: fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 9 }),
      actions: fc.array(action, { minLength: 1, maxLength: 16 }),
    }),
    { minLength: sets, maxLength: sets },
  ),
  end,
});

/**
 * Builds the requests of a call.
 * @returns `requests`, each with what checks the sizes of its result; and how the call must end, see {@link judge}
 */
function callOf(executor, sequences, list) {
  const requests = [];
  const must = [];
  for (const random of list) {
    const taken = requests.map(({ chosen }) => chosen);
    const built = requestOf(executor, sequences, taken, random);
    if (built === null) continue;
    must.push(...faultsOf(executor, built), ...(taken.includes(built.chosen) ? ['E_BUSY'] : []));
    requests.push(built);
  }
  const may = [];
  if (requests.some(({ chosen }) => chosen.uses > 0)) may.push('E_BUSY');
  if (requests.some(({ chosen }) => chosen.sequence.contextLength > MOST_CONTEXT)) may.push('E_EXECUTOR');
  return { what: 'a call', requests, must, may };
}

/** Returns the codes of what is wrong with a request, by the contract. */
function faultsOf(
  executor,
  { request: { tokens, taps = {} }, chosen: { sequence, executor: owner, disposed } },
) {
  const { vocabSize, layers } = executor.blueprint;
  const isId = (id) => Number.isInteger(id) && id >= 0 && id < vocabSize;
  const isWithin = (list = [], last) => list.every((index) => index >= 0 && index <= last);
  const faults = {
    E_EXECUTOR:
      owner !== executor ||
      !isWithin(taps.attention, layers.length - 1) ||
      !isWithin(taps.hidden, layers.length),
    E_DISPOSED: disposed,
    E_TOKEN_RANGE: tokens.length === 0 || !tokens.every(isId),
    E_CONTEXT_FULL: sequence.length + tokens.length > sequence.contextLength,
  };
  return Object.keys(faults).filter((code) => faults[code]);
}

/** Tokens of a context for which there must be memory. */
const MOST_CONTEXT = 1e6;

/**
 * Checks how something ended.
 * @param demand `must`: the codes of which one must be its error; none: it must succeed. `may`: codes that are no fault besides,
 * as it depends on when something else ends
 * @param code of its error; null: it succeeded
 */
function judge({ what, must, may }, code) {
  const allowed = [...(must.length === 0 ? [null] : must), ...may];
  if (allowed.length > 1 && must.length === 0) ended.unsure++;
  if (!allowed.includes(code))
    throw new Error(
      `${what} ended with ${code ?? 'success'}, which is none of: ${allowed.map((each) => each ?? 'success').join(', ')}`,
    );
}

/** Does something, and checks how it ended, see {@link judge}. */
function demand(what, { must = [], may = [] }, action) {
  let code = null;
  try {
    action();
  } catch (error) {
    code = codeOf(error);
  }
  judge({ what, must, may }, code);
}

/** Builds a request, on a sequence that is free unless it is wild, and what checks the sizes of its result. */
function requestOf(executor, sequences, taken, { wild, fault, tokens: wantedTokens, token, ...random }) {
  const isWild = (what) => wild && (fault === what || fault === 'all');
  const { policy, silenced, taps, spans, logits } = random;
  const { vocabSize, layers, hiddenSize } = executor.blueprint;
  const pairs = layers.length * layers[0].attention.heads;
  const open = isWild('sequence')
    ? sequences
    : sequences.filter(
        (own) => own.executor === executor && own.uses === 0 && !own.disposed && !taken.includes(own),
      );
  const chosen = open[random.sequence % open.length];
  if (chosen === undefined) return null;
  const { sequence } = chosen;
  const room = sequence.contextLength - sequence.length;
  const tokens = isWild('tokens') ? wantedTokens : Math.max(1, Math.min(wantedTokens, room));
  const ids = Array.from({ length: tokens }, (_, i) => (Math.abs(Math.trunc(token)) + i * i) % vocabSize);
  if (isWild('token') && tokens > 0) ids[0] = token;
  const within = (list, count) => [
    ...new Set(list.map((index) => (isWild('taps') ? index : Math.abs(index) % count))),
  ];
  const wanted = { temperature: 1, topK: 3, topP: 0.9, minP: 0, least: 2 };
  const request = {
    ...{ sequence, tokens: ids, logits: logits === 'candidates' ? wanted : logits },
    ...(policy && {
      intervention: {
        policy: policy.policy,
        target: policy.target,
        strength: Float32Array.from(
          { length: pairs },
          (_, i) => policy.strengths[i % policy.strengths.length],
        ),
      },
    }),
    ...(spans && { spans }),
    ...(silenced && {
      silenced: Uint8Array.from({ length: pairs }, (_, i) => silenced[i % silenced.length]),
    }),
    ...(taps && {
      taps: {
        attention: within(taps.attention, layers.length),
        hidden: within(taps.hidden, layers.length + 1),
      },
    }),
  };
  const check = (result) => {
    const rows = logits === 'all' ? tokens : logits === 'last' ? 1 : 0;
    const sizes = [
      [result.logits.length, rows * vocabSize],
      [result.targetShares?.after.length, policy ? pairs * tokens : undefined],
      [result.spanShares?.after.length, spans ? pairs * tokens * spans.length : undefined],
      ...[...result.hidden.values()].map((state) => [state.length, tokens * hiddenSize]),
    ];
    for (const [found, expected] of sizes) {
      if (found !== expected) throw new Error(`a result has ${found} numbers instead of ${expected}`);
    }
  };
  return { request, check, chosen };
}

/** A copy of a request that shares nothing with it but its sequence. @param typed whether its tokens are an Int32Array */
function copyOf({ sequence, ...request }, typed) {
  const copy = { ...structuredClone(request), sequence };
  return typed && request.tokens.every(Number.isInteger)
    ? { ...copy, tokens: Int32Array.from(copy.tokens) }
    : copy;
}

/** Changes whatever can be changed of a request: numbers of typed arrays, and numbers and lengths of lists. */
function changeAll(thing, draw) {
  if (ArrayBuffer.isView(thing)) for (let i = 0; i < thing.length; i++) thing[i] = draw();
  else if (typeof thing === 'object' && thing !== null) {
    for (const key of Object.keys(thing)) {
      if (typeof thing[key] === 'number') thing[key] = draw();
      else if (key !== 'sequence') changeAll(thing[key], draw);
    }
    if (Array.isArray(thing)) thing.length = Math.abs(draw()) % (thing.length + 2);
  }
}

/** Gives every NaN the same bits: which NaN a processor returns depends on the order of operands, and says nothing. */
function oneNaN(thing) {
  if (thing instanceof Float32Array) {
    for (let i = 0; i < thing.length; i++) if (Number.isNaN(thing[i])) thing[i] = Number.NaN;
  } else if (typeof thing === 'object' && thing !== null) {
    for (const each of thing instanceof Map ? thing.values() : Object.values(thing)) oneNaN(each);
  }
  return thing;
}

/** Runs requests, which are changed while they run; and the same again on rewound sequences. Both must end the same. */
async function runChanged(executor, call, { typed, noise }) {
  const requests = call.requests.map(({ request }) => request);
  const lengths = requests.map(({ sequence }) => sequence.length);
  const outcome = (list) =>
    executor.forward(list).then(
      (results) => ({ results }),
      (error) => ({ code: codeOf(error) }),
    );
  const given = requests.map((request) => copyOf(request, typed));
  const kept = [...given];
  let state = noise;
  const draw = () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state;
  };
  const change = () => {
    for (const request of kept) changeAll(request, draw);
    given.length = 0;
  };
  let isRunning = true;
  const first = outcome(given).finally(() => {
    isRunning = false;
  });
  change();
  for (let turn = 0; turn < 20 && isRunning; turn++) {
    await new Promise(setImmediate);
    change();
  }
  const found = await first;
  judge(call, found.code ?? null);
  for (const [i, { sequence }] of requests.entries()) sequence.truncate(lengths[i]);
  const expected = await outcome(requests.map((request) => copyOf(request, typed)));
  if (!isDeepStrictEqual(oneNaN(found), oneNaN(expected)))
    throw new Error('a request that was changed ended in another way');
  ended.changed += requests.length;
  if (found.results !== undefined) ended.answered += requests.length;
}

async function runCase({ model, executors: number, sets, end }) {
  const created = await createModel(model).catch(unsupported);
  if (created === null) return;
  const { plan, checkpoint, remove } = created;
  const executors = [];
  for (let i = 0; i < number; i++) {
    const executor = await create(plan, checkpoint, model).catch(unsupported);
    if (executor !== null) executors.push(executor);
  }
  const last = end === null ? [] : [end];
  for (const [i, { sizes, actions }] of sets.entries()) {
    if (executors.length === 0) break;
    await runSet(executors, sizes, i === sets.length - 1 ? [...actions, ...last] : actions);
  }
  for (const executor of executors) await executor.dispose();
  remove();
}

/** Runs a set of actions on new sequences. */
async function runSet(executors, sizes, actions) {
  const sequences = [];
  const running = [];
  const disposed = new Set();
  const open = (executor, size) => {
    const must = Number.isSafeInteger(size) && size >= 1 ? [] : ['E_EXECUTOR'];
    const may = size > MOST_CONTEXT ? ['E_EXECUTOR'] : [];
    demand(`open(${size})`, { must, may }, () => {
      /** `uses`: calls that have it, or may have it. */
      sequences.push({ executor, sequence: executor.open(size), uses: 0, disposed: false });
    });
  };
  const copy = async (executor, from) => {
    const { sequence } = from;
    const must = [];
    if (from.executor !== executor) must.push('E_EXECUTOR');
    if (from.disposed) must.push('E_DISPOSED');
    const may = [];
    if (from.uses > 0) may.push('E_BUSY');
    if (sequence.contextLength > MOST_CONTEXT) may.push('E_EXECUTOR');
    from.uses++;
    const { length } = sequence;
    let [code, copied] = [null, null];
    try {
      const made = await executor.copy(sequence);
      if (made.length !== length) throw new Error(`a copy of ${length} tokens has ${made.length}`);
      copied = { executor, sequence: made, uses: 0, disposed: false };
      ended.copied++;
    } catch (error) {
      code = codeOf(error);
    }
    from.uses--;
    if (disposed.has(executor) || from.disposed) may.push('E_DISPOSED');
    judge({ what: 'a copy', must, may }, code);
    return copied;
  };
  /** Compares the next token of a sequence and of its copy, which then joins the others. */
  const compare = async (from, made) => {
    // Alone: beside others the kernels may round in another way.
    await Promise.allSettled(running);
    const results = [];
    for (const { executor, sequence } of from.disposed || made.sequence.length === 0 ? [] : [from, made]) {
      const { length } = sequence;
      sequence.truncate(length - 1);
      results.push(await executor.forward([{ sequence, tokens: [1], logits: 'last' }]));
      if (sequence.length !== length) throw new Error('a copy and its next token have other lengths');
    }
    if (!isDeepStrictEqual(oneNaN(results[0]), oneNaN(results[1])))
      throw new Error('a copy has other bits than its sequence');
    sequences.push(made);
  };
  for (const executor of executors) for (const size of sizes) open(executor, size);
  for (const step of actions) {
    const executor = executors[(step.executor ?? 0) % executors.length];
    const chosen = sequences[(step.sequence ?? 0) % sequences.length];
    if (step.do === 'open') open(executor, step.size);
    else if (step.do === 'truncate') {
      const must = Number.isInteger(step.size) ? [] : ['E_TOKEN_RANGE'];
      const may = chosen.uses > 0 ? ['E_BUSY'] : [];
      demand(`truncate(${step.size})`, { must, may }, () => chosen.sequence.truncate(step.size));
    } else if (step.do === 'copy') {
      const copied = copy(step.own ? chosen.executor : executor, chosen);
      if (step.awaited) {
        const made = await copied;
        if (made !== null) await compare(chosen, made);
      } else {
        // Later steps choose among the sequences, so it must not join them whenever it ends.
        running.push(copied.then((made) => made?.sequence.dispose()));
      }
    } else if (step.do === 'dispose') {
      chosen.sequence.dispose();
      chosen.disposed = true;
    } else if (step.do === 'disposeExecutor') {
      disposed.add(executor);
      running.push(executor.dispose());
    } else if (step.do === 'wait') await wait(step.ms);
    else if (step.do === 'change') {
      // Alone: beside others the kernels may round in another way.
      await Promise.allSettled(running);
      await runChanged(executor, callOf(executor, sequences, step.requests), step);
    } else {
      const call = callOf(executor, sequences, step.requests);
      const { requests, must } = call;
      const controller = new AbortController();
      if (step.abortMs === -1) controller.abort();
      if (step.abortMs === -1 && must.length === 0 && requests.length > 0) must.push('E_ABORTED');
      for (const { chosen } of requests) chosen.uses++;
      const pass = executor.forward(
        requests.map(({ request }) => request),
        { signal: controller.signal },
      );
      const endsWith = (code) => {
        for (const { chosen } of requests) chosen.uses--;
        if (controller.signal.aborted) call.may.push('E_ABORTED');
        if (disposed.has(executor) || requests.some(({ chosen }) => chosen.disposed))
          call.may.push('E_DISPOSED');
        judge(call, code);
      };
      const checked = pass.then(
        (results) => {
          endsWith(null);
          if (results.length !== requests.length) throw new Error(`${results.length} results`);
          for (const [i, result] of results.entries()) requests[i].check(result);
          ended.answered += results.length;
        },
        (error) => {
          endsWith(codeOf(error));
          ended[error.code === 'E_ABORTED' ? 'aborted' : 'refused'] += requests.length;
        },
      );
      if (step.abortMs === 0) controller.abort();
      else if (step.abortMs > 0) running.push(wait(step.abortMs).then(() => controller.abort()));
      running.push(checked);
      if (step.awaited) await checked;
    }
  }
  const settled = await Promise.allSettled(running);
  for (const { sequence } of sequences) sequence.dispose();
  for (const { status, reason } of settled) if (status === 'rejected') throw reason;
}

/**
 * What became of the requests of this process. `unsure`: calls whose outcome depends on when something else ends;
 * `unsupported`: models and executors that are not possible.
 */
const ended = { answered: 0, refused: 0, aborted: 0, changed: 0, copied: 0, unsure: 0, unsupported: 0 };

/** Returns the code of an error of Holdfast. All others are defects. */
function codeOf(error) {
  if (error instanceof HoldfastError) return error.code;
  throw error;
}

/** Counts a model of sizes that an executor does not run. */
function unsupported(error) {
  if (codeOf(error) !== 'E_UNSUPPORTED') throw error;
  ended.unsupported++;
  return null;
}

async function child() {
  let warm = null;
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    process.stdout.write(`${seed}\n`);
    const property = fc.asyncProperty(arbitraryCase, runCase);
    await fc.assert(property, { seed, numRuns: 1, endOnFailure: true });
    if (seed - firstSeed === WARM_UP) warm = process.memoryUsage.rss();
  }
  const growth = warm === null ? 0 : process.memoryUsage.rss() - warm;
  if (growth > MOST_GROWTH_BYTES) throw new Error(`the process has grown by ${growth} bytes`);
  process.stdout.write(`${JSON.stringify(ended)}\n`);
}

/** Runs cases in a child process. @returns how its requests ended; or the seed of the case that failed, and why */
function runChild(seed, cases) {
  const file = fileURLToPath(import.meta.url);
  const same = ['--executor', options.executor, '--wild', options.wild, '--sets', options.sets];
  const args = [file, '--child', '--seed', `${seed}`, '--count', `${cases}`, ...same];
  const process_ = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [last, errors] = ['', ''];
  process_.stdout.on('data', (data) => {
    last = `${last}${data}`.slice(-1000);
  });
  process_.stderr.on('data', (data) => {
    errors = `${errors}${data}`.slice(-8000);
  });
  return new Promise((resolve) =>
    process_.on('close', (code, signal) => {
      const line = last.trim().split('\n').at(-1);
      if (code === 0) resolve(JSON.parse(line));
      else resolve({ failed: line, why: `${errors}\n${signal ?? `exit code ${code}`}` });
    }),
  );
}

if (options.child) await child();
else {
  for (let done = 0; done < count; done += CASES_OF_A_CHILD) {
    const result = await runChild(firstSeed + done, Math.min(CASES_OF_A_CHILD, count - done));
    if (result.failed !== undefined) {
      const kind = `--executor ${options.executor} --wild ${options.wild} --sets ${options.sets}`;
      const again = `${kind} --seed ${result.failed} --count 1`;
      console.error(`${result.why}\ncase ${result.failed} failed: node scripts/fuzz-executor.mjs ${again}`);
      process.exit(1);
    }
    for (const end of Object.keys(ended)) ended[end] += result[end];
  }
  const { answered, refused, aborted, changed, copied, unsure, unsupported } = ended;
  const requests = `${answered} requests answered, ${refused} refused, ${aborted} aborted, ${changed} changed while they ran`;
  const kinds = `${requests}; ${copied} sequences copied`;
  const rest = `the outcome of ${unsure} calls depended on time; ${unsupported} models or executors were not possible`;
  if (answered > 0) console.log(`${count} cases, no failure: ${kinds}; ${rest}`);
  else {
    console.error(`${count} cases tested nothing: ${kinds}; ${rest}`);
    process.exitCode = 1;
  }
}
