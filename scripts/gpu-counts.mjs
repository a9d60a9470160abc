#!/usr/bin/env node
/**
 * Counts the dispatches, bytes and operations of the gpu executor's passes, from the commands that it would submit, and
 * estimates their times on five GPUs. Nothing runs on a GPU, and no weights are needed. After `npm run build`:
 *
 *     node scripts/gpu-counts.mjs
 *
 * A dispatch takes 8 µs (7 to 10 are likely, so each verdict names the largest cost at which it holds) and the longest of three: its bytes once at the memory's bandwidth, everything that its threads
 * load at four times that (from caches), and its operations at 35 % of the peak. The notes under the tables say what is left out.
 */
import { planModel, tensorShapes } from '../dist/architectures/index.js';
import { decoderShape } from '../dist/executors/contract/index.js';
import { Commands } from '../dist/executors/gpu/commands.js';
import { PassBuffers } from '../dist/executors/gpu/pass-buffers.js';
import { PassRecorder } from '../dist/executors/gpu/pass-recorder.js';
import { Picker } from '../dist/executors/gpu/picker.js';
import { compilePrograms, ON_A_GPU } from '../dist/executors/gpu/programs.js';
import { splitsOf } from '../dist/executors/gpu/splits.js';

/** The cost of a dispatch: the one of the tables, and the most that is likely. */
const DISPATCH_US = { assumed: 8, most: 10 };
const CACHE = 4;
const EFFICIENCY = 0.35;
/** The goal for a token: its time, compared with reading its bytes once; from models of this many bytes up. */
const GOAL = { ratio: 1.25, bytes: 0.5e9 };
/** The goals for a prompt of 4,096 tokens, in ms. */
const PROMPT_GOALS = { '135M': { 'Apple M2': 1500, 'RTX 4070': 200 } };
/** Bandwidth in GB/s and f32 operations in TFLOP/s, as their makers state them. */
const GPUS = {
  'Apple M2': [100, 3.6],
  'RTX 4070': [504, 29],
  'RX 7600': [288, 21.5],
  'Iris Xe (96 EU)': [68, 2.2],
  'Adreno 750': [77, 2.8],
};

const llama = (sizes) => ({
  ...{ architectures: ['LlamaForCausalLM'], model_type: 'llama', rms_norm_eps: 1e-5, rope_theta: 10_000 },
  ...{ hidden_act: 'silu', max_position_embeddings: 8192, ...sizes },
});
const size = (hidden, mlp, layers, heads, kvHeads, vocab, tied) =>
  llama({
    ...{ hidden_size: hidden, intermediate_size: mlp, num_hidden_layers: layers, vocab_size: vocab },
    ...{ num_attention_heads: heads, num_key_value_heads: kvHeads, tie_word_embeddings: tied },
  });
const MODELS = {
  '135M': size(576, 1536, 30, 9, 3, 49_152, true),
  '1.5B': size(1536, 8960, 28, 12, 2, 151_936, true),
  '8B': size(4096, 14_336, 32, 32, 8, 128_256, false),
};

/** A device on which nothing runs. */
const device = {
  largest: 2 ** 31,
  subgroupOf: () => 32,
  program: async (name) => ({ name }),
  storage: (_, content) => ({ size: typeof content === 'number' ? content : content.byteLength }),
  uniform: () => ({}),
};

/** Returns a matrix as Q4_0 is stored: 4 bits a weight, and a scale of 16 bits for 32. */
const matrix = (outputs, inputs) => ({
  ...{ outputs, inputs, column: 0, bias: null },
  format: { kind: 'blocks', bits: 4, blockSize: 32, scales: 'f16' },
  weight: { size: (outputs * inputs) / 2 },
  scales: { size: (outputs * inputs) / 16 },
});

function weightsOf({ layers, hiddenSize, vocabSize }) {
  return {
    finalNorm: {},
    head: [matrix(vocabSize, hiddenSize)],
    layers: layers.map(({ attention: { heads, kvHeads, headDim }, mlp }) => ({
      projections: [matrix((heads + 2 * kvHeads) * headDim, hiddenSize)],
      output: [matrix(hiddenSize, heads * headDim)],
      gateAndUp: { both: [matrix(2 * mlp.size, hiddenSize)] },
      down: [matrix(hiddenSize, mlp.size)],
      queryKeyNorms: null,
      norms: { attentionNorm: {}, mlpNorm: {} },
    })),
  };
}

/** Returns a function that returns the dispatches of a pass of so many rows after so many tokens. */
async function recorderOf(config) {
  const shapes = [...tensorShapes(config)];
  const tensors = new Map(shapes.map(([name, shape]) => [name, { name, shape, type: 'F16' }]));
  const checkpoint = { format: 'safetensors', name: 'config.json', tensors, metadata: new Map() };
  const { blueprint } = await planModel(checkpoint, config);
  const shape = decoderShape(blueprint);
  const weights = weightsOf(blueprint);
  const programs = await compilePrograms(device, blueprint, shape, weights, ON_A_GPU, ON_A_GPU.rows);
  const buffers = new PassBuffers(device, blueprint, shape, ON_A_GPU.rows);
  const passes = new PassRecorder(buffers, blueprint, shape, weights, programs);
  const picker = new Picker(device, programs.picker, blueprint.vocabSize);
  const taps = { attention: new Map(), hidden: new Map() };
  return (rows, past, single, isLast) => {
    const commands = new Commands();
    const sequence = { length: past, layer: () => [{ kvHeads: shape.kvHeads }] };
    const splits = splitsOf(single ? 1 : 4096, past + rows, programs.rowSplits);
    passes.layers(commands, sequence, { rows, single }, splits, taps);
    if (isLast) {
      passes.head(commands, rows, { rows: 1, single: true }, taps);
      picker.record(commands, {});
    }
    const { heads, kvHeads } = shape;
    return commands.all.map(({ step, work, grid }) => ({
      ...work,
      untiled: untiledReads(step, work, rows, heads / kvHeads),
      cache: step.name === 'attention' ? work.bytes : 0,
      workgroups: grid.reduce((product, count) => product * count, 1),
    }));
  };
}

/** Bytes read by kernels that use a weight for eight rows, and a key for one query. */
const untiledReads = ({ name }, { bytes }, rows, perHead) =>
  bytes * (name === 'attention' ? rows * perHead : Math.ceil(rows / 8));

const sum = (dispatches, field) => dispatches.reduce((total, dispatch) => total + dispatch[field], 0);
/** Returns the time of dispatches without what each costs by itself; `reads` names the field that counts their loads. */
const workMsOn = ([bandwidth, peak], dispatches, reads = 'reads') =>
  dispatches.reduce((ms, dispatch) => {
    const memoryMs = Math.max(dispatch.bytes, dispatch[reads] / CACHE) / (bandwidth * 1e6);
    return ms + Math.max(memoryMs, dispatch.flops / (EFFICIENCY * peak * 1e9));
  }, 0);
const msOn = (gpu, dispatches, reads) =>
  workMsOn(gpu, dispatches, reads) + (DISPATCH_US.assumed / 1000) * dispatches.length;

/** Tells whether dispatches meet a goal, and up to which cost of a dispatch they do. */
function verdict(gpu, dispatches, goalMs) {
  const mostUs = ((goalMs - workMsOn(gpu, dispatches)) / dispatches.length) * 1000;
  if (mostUs < 0) return 'missed at any cost of a dispatch';
  // Rounded down, so that it is met at what is printed.
  const upTo = `up to ${round(Math.floor(mostUs * 10) / 10)} µs a dispatch`;
  return mostUs >= DISPATCH_US.assumed ? `met ${upTo}` : `missed, met only ${upTo}`;
}

/** Returns the time of reading every byte once, at the memory's bandwidth and without dispatches. */
const bytesAloneMs = ([bandwidth], dispatches) => sum(dispatches, 'bytes') / (bandwidth * 1e6);

const round = (value) => (value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toFixed(2));
const printTable = (rows) => {
  const [head] = rows;
  for (const row of [head, head.map(() => '---'), ...rows.slice(1)]) console.log(`| ${row.join(' | ')} |`);
};

const names = Object.keys(GPUS);
const counted = ['GB once', 'of it cache', 'GB read', 'GB read untiled', 'GFLOP'];
const counts = [['model', 'work', 'dispatches', ...counted, ...names.map((gpu) => `${gpu}, ms`)]];
const ratios = [['a token, × bytes alone', ...names]];
const untiled = [['a prompt of 4,096, by untiled reads', ...names.map((gpu) => `${gpu}, ms (× tiled)`)]];
const prompts = [['goal for a prompt of 4,096', 'result']];
const fewest = [];
for (const [name, config] of Object.entries(MODELS)) {
  const record = await recorderOf(config);
  const token = record(1, 1024, true, true);
  const passes = 4096 / ON_A_GPU.rows;
  const prompt = Array.from({ length: passes }, (_, pass) =>
    record(ON_A_GPU.rows, pass * ON_A_GPU.rows, false, pass === passes - 1),
  ).flat();
  for (const [work, dispatches] of [
    ['a token after 1,024', token],
    ['a prompt of 4,096', prompt],
  ]) {
    const sums = ['bytes', 'cache', 'reads', 'untiled', 'flops'].map((field) =>
      field === 'untiled' && dispatches === token ? '' : round(sum(dispatches, field) / 1e9),
    );
    const ms = Object.values(GPUS).map((gpu) => round(msOn(gpu, dispatches)));
    counts.push([name, work, dispatches.length, ...sums, ...ms]);
  }
  const ratioOf = (gpu) => msOn(gpu, token) / bytesAloneMs(gpu, token);
  const isMeant = sum(token, 'bytes') >= GOAL.bytes;
  const told = (gpu) => (isMeant ? `: ${verdict(gpu, token, GOAL.ratio * bytesAloneMs(gpu, token))}` : '');
  ratios.push([name, ...Object.values(GPUS).map((gpu) => `${round(ratioOf(gpu))}${told(gpu)}`)]);
  const before = Object.values(GPUS).map((gpu) => [msOn(gpu, prompt, 'untiled'), msOn(gpu, prompt)]);
  untiled.push([name, ...before.map(([ms, tiledMs]) => `${round(ms)} (${round(ms / tiledMs)})`)]);
  for (const [gpu, goalMs] of Object.entries(PROMPT_GOALS[name] ?? {})) {
    prompts.push([`${name} on ${gpu}: ${goalMs} ms`, verdict(GPUS[gpu], prompt, goalMs)]);
  }
  const attention = token.filter(({ cache }) => cache > 0);
  fewest.push(`${Math.min(...attention.map(({ workgroups }) => workgroups))} (${name})`);
}
printTable(counts);
console.log();
printTable(untiled);
console.log();
printTable(prompts);
console.log();
printTable(ratios);
console.log(`
The goal for a token is at most ${GOAL.ratio} × the time of its bytes alone, from 1.5B up. A dispatch takes
${DISPATCH_US.assumed} µs in the tables; up to ${DISPATCH_US.most} are likely, so what is met only below that is open. What is left out can decide it as well.

Left out:
- Occupancy. A dispatch with few workgroups leaves most of a large GPU idle and gets only a part of its bandwidth. Attention for
  a token has one workgroup per head: ${fewest.join(', ')}.
- Workgroup memory, its barriers, and registers.
- What kernels write, and what norms, rotations and the kernels that combine splits or pick a token read.
- Waiting for the host between passes.`);
