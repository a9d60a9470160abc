#!/usr/bin/env node
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the search strings are pieces of templates.
/**
 * Breaks the executors and the clean cache on purpose, one place at a time, in a copy of the sources, and runs the suite that
 * covers it on each copy. A mutant that passes is a hole in the suite. `npm run mutants` runs all mutants; `npm run mutants gpu` runs those with
 * "gpu" in their names.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { denoPath } from './deno.mjs';

const REFERENCE = 'src/executors/reference/executor.ts';
const FEEDS = 'src/executors/onnx/chunk-feeds.ts';
const GRAPH = 'src/executors/onnx/attention-graph.ts';
const GGML = 'src/executors/ggml/';
const PASS_DATA = 'src/executors/gpu/pass-data.ts';
const COMBINE = 'kernels/combine.ts';
const ATTENTION = 'kernels/attention.ts';
const MIX = 'kernels/mix.ts';
const WORKGROUP = 'kernels/workgroup.ts';
const ATTENTION_TILED = 'kernels/attention-tiled.ts';
const LINEAR = 'kernels/linear.ts';
const MATRIX = 'kernels/matrix.ts';
const PACE = 'src/executors/gpu/pace.ts';
const LINEAR_TILED = 'kernels/linear-tiled.ts';

/** The suites that catch mutants, as commands. */
const deno = (file) => ['node', 'scripts/test-deno.mjs', '--bail', '1', `test/conformance/${file}.test.ts`];
const unit = (path) => ['npx', 'vitest', 'run', '--bail', '1', path];
const vitest = (file) => unit(`test/conformance/${file}.test.ts`);
const SUITES = {
  reference: vitest('reference'),
  onnx: vitest('onnx'),
  ggml: vitest('ggml'),
  'ggml batches': vitest('ggml-batches'),
  'ggml fused': vitest('ggml-fused'),
  'ggml forms': vitest('ggml-mixed-forms'),
  'ggml robust': vitest('ggml-robust'),
  extremes: vitest('extremes'),
  policies: vitest('policies'),
  'clean cache': unit('src/dialogue/clean-cache.test.ts'),
  gpu: deno('gpu'),
  workgroups: deno('gpu-workgroups'),
  matrices: deno('gpu-matrices'),
  lengths: deno('gpu-lengths'),
  arithmetic: deno('gpu-arithmetic'),
  pace: unit('src/executors/gpu/submitter.test.ts'),
  limits: deno('gpu-limits'),
  // Only Dawn's adapter has subgroups.
  subgroups: vitest('dawn'),
};

/** Each mutant changes one place, which must occur exactly once. */
const MUTANTS = [
  {
    name: 'reference: strength off by one head',
    suite: 'reference',
    file: REFERENCE,
    find: 'return rowMap(intervention.policy, intervention.strength[layer * heads + head]!);',
    put: 'return rowMap(intervention.policy, intervention.strength[layer * heads + ((head + 1) % heads)]!);',
  },
  {
    name: 'onnx: strength off by one head',
    suite: 'onnx',
    file: FEEDS,
    find: 'intervention.strength[pair]!',
    put: 'intervention.strength[(pair + 1) % (layers * heads)]!',
  },
  ...['reference', 'onnx', 'ggml'].map((suite) => ({
    name: `${suite}: target end off by one`,
    suite,
    file: 'src/executors/contract/request.ts',
    find: 'mask.fill(1, start, Math.min(end, tokens));',
    put: 'mask.fill(1, start, Math.min(end - 1, tokens));',
  })),
  ...['reference', 'onnx', 'ggml'].map((suite) => ({
    name: `${suite}: sliding window one key too long`,
    suite,
    file: 'src/executors/contract/request.ts',
    find: 'Math.max(0, position - window + 1)',
    put: 'Math.max(0, position - window)',
  })),
  {
    name: 'reference: silence off by one head',
    suite: 'reference',
    file: REFERENCE,
    find: 'request.silenced?.[layer * heads + head]',
    put: 'request.silenced?.[layer * heads + ((head + 1) % heads)]',
  },
  {
    name: 'onnx: silence off by one head',
    suite: 'onnx',
    file: FEEDS,
    find: 'silenced?.[pair] === 1',
    put: 'silenced?.[(pair + 1) % (layers * heads)] === 1',
  },
  {
    name: 'onnx: silence forgotten',
    suite: 'onnx',
    file: GRAPH,
    find: "const output = graph.op('Mul', [mixed, policy.gain]);",
    put: 'const output = mixed;',
  },
  {
    name: 'onnx: heads lost under the policy cap after the first chunk',
    suite: 'onnx',
    file: FEEDS,
    find: 'feeds.policy = policyFeed(request,',
    put: "const deaf = past > 0 && request.intervention?.policy === 'cap' && request.intervention.strength[0] < 1 && { silenced: new Uint8Array(99).fill(1) };\n  feeds.policy = policyFeed({ ...request, ...deaf },",
  },
  {
    name: 'reference: wrong key-value head',
    suite: 'reference',
    file: REFERENCE,
    find: 'const kv = Math.floor(head / (heads / kvHeads)) * headDim;',
    put: 'const kv = (head % kvHeads) * headDim;',
  },
  {
    name: 'onnx: wrong key-value head',
    suite: 'onnx',
    file: 'src/executors/onnx/linear.ts',
    find: 'out.set(data.subarray(from, from + headSize), (g * kvHeads + kv) * headSize);',
    put: 'out.set(data.subarray(from, from + headSize), (kv * group + g) * headSize);',
  },
  {
    name: 'reference: policy applied after the mix',
    suite: 'reference',
    file: REFERENCE,
    find: 'row.weights.forEach((weight, i) => {',
    put: 'attendRow(logits, isTarget, IDENTITY_MAP).weights.forEach((weight, i) => {',
  },
  {
    name: 'onnx: policy applied after the mix',
    suite: 'onnx',
    file: GRAPH,
    find: "[graph.op('Reshape', [output, graph.integers(kvHeads, -1, group, headDim)])],",
    put: "[graph.op('Reshape', [all, graph.integers(kvHeads, -1, group, headDim)])],",
  },
  {
    name: 'reference: rescale of the rest forgotten',
    suite: 'reference',
    file: 'src/attention/row.ts',
    find: 'const logRest = Math.log(-Math.expm1(mapped));',
    put: 'const logRest = Math.log(-Math.expm1(logShare));',
  },
  {
    name: 'onnx: rescale of the rest forgotten',
    suite: 'onnx',
    file: GRAPH,
    find: "const change = graph.op('Div', [graph.op('Sub', [after, before]), room]);",
    put: "const change = graph.op('Sub', [after, before]);",
  },
  {
    name: 'onnx: the target read before its values are written',
    suite: 'onnx',
    file: GRAPH,
    find: 'const keysInTime = graph.after(inputs.sideKeys, logWeights);',
    put: 'const keysInTime = inputs.sideKeys;',
  },
  {
    name: 'onnx: the target gains where the rest should',
    suite: 'onnx',
    file: GRAPH,
    find: "graph.op('Where', [isRaised, inputs.targetMask, inputs.restMask]);",
    put: "graph.op('Where', [isRaised, inputs.targetMask, inputs.targetMask]);",
  },
  // The ggml executor.
  {
    name: 'ggml: another exponent',
    suite: 'ggml',
    file: `${GGML}policy-parts.ts`,
    find: 'exponent: { exponent: (k) => k },',
    put: 'exponent: { exponent: (k) => k * k },',
  },
  {
    name: 'ggml: a gain of the target without the room that it has',
    suite: 'ggml',
    file: `${GGML}attention-graph.ts`,
    find: 'const change = g.divide(g.subtract(before, after), g.expm1(logShare));',
    put: 'const change = g.subtract(after, before);',
  },
  {
    name: 'ggml: the rest gains nothing',
    suite: 'ggml',
    file: `${GGML}attention-graph.ts`,
    find: 'output = g.add(output, g.multiply(g.subtract(all.output, rest.output), lowered));',
    put: 'output = g.add(output, g.multiply(g.subtract(all.output, all.output), lowered));',
  },
  {
    name: 'ggml: rows of one side changed in a block',
    suite: 'ggml',
    file: `${GGML}attention-graph.ts`,
    find: 'return mixed === null ? mapped :',
    put: 'return mixed !== null ? mapped :',
  },
  {
    name: 'ggml: silence forgotten',
    suite: 'ggml',
    file: `${GGML}attention-graph.ts`,
    find: '(gain === null ? output : g.multiply(output, gain));',
    put: '(gain === null ? output : g.add(g.multiply(output, gain), g.subtract(output, g.multiply(output, gain))));',
  },
  {
    name: 'ggml: small shares not told by the scores',
    suite: 'extremes',
    file: `${GGML}policy-parts.ts`,
    find: 'steep ||= exponent < LEAST_EXPONENT;',
    put: 'steep = false;',
  },
  {
    name: 'ggml: the policy cap ignored',
    suite: 'policies',
    file: `${GGML}policy-parts.ts`,
    find: 'cap: { logCap: logOf },',
    put: 'cap: { logCap: () => 0 },',
  },
  {
    name: 'ggml: a row sees the next token',
    suite: 'ggml',
    file: `${GGML}write-inputs.ts`,
    find: 'if (keeps(false)) sees(start, first, position + 1, 0);',
    put: 'if (keeps(false)) sees(start, first, position + 2, 0);',
  },
  {
    name: 'ggml: the mask of a side ends early',
    suite: 'ggml',
    file: `${GGML}write-inputs.ts`,
    find: 'sees(start, Math.max(first, from), Math.min(end, position + 1),',
    put: 'sees(start, Math.max(first, from), Math.min(end - 1, position + 1),',
  },
  {
    name: 'ggml: wrong key-value head',
    suite: 'ggml',
    file: `${GGML}write-inputs.ts`,
    find: 'put(keyPlaces, row * kvHeads + head, slot / headDim + head * capacity + position);',
    put: 'put(keyPlaces, row * kvHeads + head, slot / headDim + ((head + 1) % kvHeads) * capacity + position);',
  },
  {
    name: 'ggml: columns of the spans shifted',
    suite: 'ggml',
    file: `${GGML}write-inputs.ts`,
    find: 'map(({ start, end }, index) => ({ column: 1 + index, start, end }))',
    put: 'map(({ start, end }, index) => ({ column: 1 + ((index + 1) % pieces.length), start, end }))',
  },
  {
    name: 'ggml: columns of a fused kernel shifted',
    suite: 'ggml fused',
    file: `${GGML}write-inputs.ts`,
    find: 'marks[key * width + headDim + column]',
    put: 'marks[key * width + headDim + column + 1]',
  },
  {
    name: 'ggml: the target of a fused kernel elsewhere',
    suite: 'ggml fused',
    file: `${GGML}attention-kernels.ts`,
    find: 'stretch.first * row)',
    put: '0)',
  },
  {
    name: 'ggml: strength off by one head',
    suite: 'ggml',
    file: `${GGML}write-inputs.ts`,
    find: 'intervention.strength[layer * heads + head]!',
    put: 'intervention.strength[layer * heads + ((head + 1) % heads)]!',
  },
  {
    name: 'ggml: strength of another layer',
    suite: 'ggml',
    file: `${GGML}write-inputs.ts`,
    find: 'intervention.strength[layer * heads + head]!',
    put: 'intervention.strength[((layer + 1) % layers) * heads + head]!',
  },
  {
    name: 'ggml: strength of another sequence',
    suite: 'ggml batches',
    file: `${GGML}write-inputs.ts`,
    find: 'const { intervention } = chunk.request;',
    put: 'const { intervention } = (chunk.isLast ? group.parts[0]!.chunk : chunk).request;',
  },
  {
    name: 'ggml: a single row of one side changed',
    suite: 'ggml',
    file: `${GGML}write-inputs.ts`,
    find: "windowOf[layer]!]!.sides[0] === 'mixed');",
    put: 'windowOf[layer]!]!.sides.length > 0);',
  },
  {
    name: 'ggml: silence off by one head',
    suite: 'ggml',
    file: `${GGML}write-inputs.ts`,
    find: 'heads + (index % heads)] = 0;',
    put: 'heads + ((index + 1) % heads)] = 0;',
  },
  {
    name: 'ggml: silence of another sequence',
    suite: 'ggml batches',
    file: `${GGML}write-inputs.ts`,
    find: 'gains[(layer * parts.length + sequence) * heads',
    put: 'gains[(layer * parts.length + ((sequence + 1) % parts.length)) * heads',
  },
  {
    name: 'ggml: the cache of the first sequence read by all',
    suite: 'ggml batches',
    file: `${GGML}layer-attention.ts`,
    find: 'const slot = group.slot * slotSize;',
    put: 'const slot = 0 * group.slot * slotSize;',
  },
  {
    name: 'ggml: rotation by frequencies instead of what divides',
    suite: 'ggml',
    file: `${GGML}pass-runner.ts`,
    find: '(frequency) => 1 / frequency)',
    put: '(frequency) => frequency)',
  },
  {
    name: 'ggml: a rewind leaves its rows',
    suite: 'ggml robust',
    file: `${GGML}sequence.ts`,
    find: 'if (!this.isDisposed) this.#place.arena.clear(',
    put: 'if (this.isDisposed) this.#place.arena.clear(',
  },
  {
    name: 'ggml: offsets of a matrix forgotten',
    suite: 'ggml forms',
    file: `${GGML}linear.ts`,
    find: 'if (offsets !== null) {',
    put: 'if (offsets !== null && inputs < 0) {',
  },
  {
    name: 'ggml: kernels for one row beside others',
    suite: 'ggml batches',
    file: `${GGML}linear.ts`,
    find: 'Math.ceil(rows / rowStep) * rowStep;',
    put: 'Math.ceil(rows / rowStep) * 0 + rows;',
  },
  // One executor ignores one policy: an ordinary chat must end in E_UNTOUCHED.
  {
    name: 'reference: the policy cap ignored',
    suite: 'policies',
    file: REFERENCE,
    find: 'return rowMap(intervention.policy, intervention.strength[layer * heads + head]!);',
    put: 'return { ...rowMap(intervention.policy, intervention.strength[layer * heads + head]!), cap: 1 };',
  },
  {
    name: 'onnx: the policy cap ignored',
    suite: 'onnx',
    file: 'src/executors/onnx/policy-parts.ts',
    find: 'cap: { cap: same },',
    put: 'cap: { cap: () => 1 },',
  },
  {
    name: 'clean cache: rows that a policy changed are reused',
    suite: 'clean cache',
    file: 'src/dialogue/caches.ts',
    find: 'const valid = clean ? this.dialogue.cleanLength : unmoved;',
    put: 'const valid = unmoved;',
  },
  {
    name: 'clean cache: recomputed tokens not counted',
    suite: 'clean cache',
    file: 'src/dialogue/caches.ts',
    find: 'const recomputed = this.#taken ? 0 : cached - reused;',
    put: 'const recomputed = 0;',
  },
  {
    name: 'clean cache: the policy acts while the past is computed again',
    suite: 'clean cache',
    file: 'src/engine/generation.ts',
    find: 'end <= cleanLength);',
    put: 'end < cleanLength);',
  },
  {
    name: 'clean cache: the policy acts on the past of given answers',
    suite: 'clean cache',
    file: 'src/dialogue/forced-chat.ts',
    find: 'end <= cleanLength',
    put: 'end < cleanLength',
  },
  {
    name: 'clean cache: no pass of its own for the past of given answers',
    suite: 'clean cache',
    file: 'src/dialogue/forced-passes.ts',
    find: '[...new Set([cleanLength, ...ends])]',
    put: '[...new Set(ends)]',
  },
  {
    name: 'clean cache: a probe leaves its price to the next answer',
    suite: 'clean cache',
    file: 'src/dialogue/chat.ts',
    find: 'dialogue: Math.max(timing.reusedTokens, cleaned?.tokens ?? 0),',
    put: 'dialogue: timing.reusedTokens,',
  },
  {
    name: 'clean cache: tokens computed again without a policy',
    suite: 'clean cache',
    file: 'src/dialogue/settings.ts',
    find: "return policy !== 'off' && cache === 'clean';",
    put: "return cache === 'clean';",
  },
  {
    name: 'gpu: the policy cap ignored',
    suite: 'policies',
    file: 'src/executors/gpu/head-map.ts',
    find: 'log_cap: log,',
    put: 'log_cap: () => 0,',
  },
  {
    name: 'gpu: strength off by one head',
    suite: 'gpu',
    file: PASS_DATA,
    find: 'intervention.strength[head]!',
    put: 'intervention.strength[(head + 1) % (layers * heads)]!',
  },
  {
    name: 'gpu: target end off by one',
    suite: 'gpu',
    file: 'src/executors/gpu/pieces.ts',
    find: 'tags.fill(piece | side, start, starts[piece + 1] ?? tokens);',
    put: 'tags.fill(piece | side, start, (starts[piece + 1] ?? tokens + 1) - 1);',
  },
  {
    name: 'gpu: sliding window one key too long',
    suite: 'gpu',
    file: 'kernels/keys.ts',
    find: 'position - ${window - 1}u, position',
    put: 'position - ${window}u, position',
  },
  {
    name: 'gpu: silence off by one head',
    suite: 'gpu',
    file: PASS_DATA,
    find: 'silenced?.[head] === 1',
    put: 'silenced?.[(head + 1) % (layers * heads)] === 1',
  },
  {
    name: 'gpu: silence forgotten',
    suite: 'gpu',
    file: COMBINE,
    find: 'map.gain * (mix.factors.x',
    put: '(mix.factors.x',
  },
  {
    name: 'gpu: silence forgotten for a row of few keys',
    suite: 'gpu',
    file: ATTENTION,
    find: 'gain * (mix.factors.x',
    put: '(mix.factors.x',
  },
  {
    name: 'gpu: wrong key-value head',
    suite: 'gpu',
    file: ATTENTION,
    find: 'let kv = group.x / ${perHead}u;',
    put: 'let kv = group.x % ${kvHeads}u;',
  },
  {
    name: 'gpu: rescale of the rest forgotten',
    suite: 'gpu',
    file: MIX,
    find: 'vec2f(exp(log_in), exp(log_out)) / sums',
    put: 'vec2f(exp(log_in), exp(-softplus(-gap))) / sums',
  },
  {
    name: 'gpu: a weight is relative to the maximum of the other side',
    suite: 'gpu',
    file: ATTENTION,
    find: 'let weight = exp(weights[key - begin] - select(highs.y, highs.x, inside));',
    put: 'let weight = exp(weights[key - begin] - select(highs.x, highs.y, inside));',
  },
  {
    name: 'gpu: keys on both sides taken for the side of the first',
    suite: 'gpu',
    file: ATTENTION,
    find: 'if (turn_of(tag & ${IN_TARGET - 1}u) < stop) { return 2u; }',
    put: '',
  },
  {
    name: 'gpu: a stretch of one side ends late',
    suite: 'gpu',
    file: ATTENTION,
    find: 'stop = min(end, turn_of(piece_of(from_)));',
    put: 'stop = min(end, turn_of(piece_of(from_)) + 1u);',
  },
  {
    name: 'gpu: the last keys of a stretch forgotten',
    suite: 'lengths',
    file: ATTENTION,
    find: 'for (; j < stop; j += ${parts}u)',
    put: 'for (; j + ${parts}u <= stop; j += ${parts}u)',
  },
  {
    name: 'gpu: outputs of threads that share dimensions added without the last',
    suite: 'workgroups',
    file: ATTENTION,
    find: 'for (var part = 1u; part < ${parts}u; part++)',
    put: 'for (var part = 1u; part < ${parts - 1}u; part++)',
  },
  {
    name: 'gpu: a piece summed without half of its threads',
    suite: 'lengths',
    file: ATTENTION,
    find: "overLanes(kernel, members, ['sum']",
    put: "overLanes(kernel, members / 2, ['sum']",
  },
  {
    name: 'gpu: a split begins before its window',
    suite: 'lengths',
    file: ATTENTION,
    find: 'let begin = max(first_visible(run.past), group.y * run.splitKeys);',
    put: 'let begin = group.y * run.splitKeys;',
  },
  {
    name: 'gpu: a piece has keys after the split',
    suite: 'lengths',
    file: ATTENTION,
    find: 'stop = min(start_of(piece + 1u), end);',
    put: 'stop = start_of(piece + 1u);',
  },
  {
    name: 'gpu: a piece combined without its last split',
    suite: 'lengths',
    file: COMBINE,
    find: 'split * run.splitKeys < end; split += members',
    put: '(split + 1u) * run.splitKeys < end || split == begin / run.splitKeys; split += members',
  },
  {
    name: 'gpu: a piece combined without half of its threads',
    suite: 'lengths',
    file: COMBINE,
    find: 'by = members / 2u',
    put: 'by = members / 4u',
  },
  {
    name: 'gpu: the outputs of splits faded by the sums of the first',
    suite: 'lengths',
    file: COMBINE,
    find: 'rest_output${i} += partials[at + ${headDim + i * threads}u] * fades[i].y;',
    put: 'rest_output${i} += partials[at + ${headDim + i * threads}u] * fades[0].y;',
  },
  {
    name: 'gpu: another key-value head of a cache in parts',
    suite: 'limits',
    file: ATTENTION,
    find: 'let head = layer.y * ${perHead}u + group.x;',
    put: 'let head = group.x;',
  },
  {
    name: 'gpu: a cache in parts copied into the first',
    suite: 'limits',
    file: 'src/executors/gpu/sequence.ts',
    find: 'const to = into[head]!;',
    put: 'const to = into[0]!;',
  },
  {
    name: 'gpu: the scale of another block of 256 weights',
    suite: 'matrices',
    file: MATRIX,
    find: '(24u - own % 4u * 8u)) >> 24u;',
    put: '(24u - (own + 1u) % 4u * 8u)) >> 24u;',
  },
  {
    name: 'gpu: NaN behind a cap',
    suite: 'matrices',
    file: 'kernels/numbers.ts',
    find: "  if (${nanBits('x')}) { return x; }\n",
    put: '',
  },
  {
    name: 'gpu: tiled attention: wrong query head',
    suite: 'gpu',
    file: ATTENTION_TILED,
    find: 'u + first_head + stacked % ${perHead}u;',
    put: 'u + first_head / ${perHead}u + stacked % ${perHead}u * ${kvHeads}u;',
  },
  {
    name: 'gpu: tiled attention: a query sees the next token',
    suite: 'gpu',
    file: ATTENTION_TILED,
    find: 'let seen${i} = (key${i} >= begins) & (key${i} < ends);',
    put: 'let seen${i} = (key${i} >= begins) & (key${i} <= ends);',
  },
  {
    name: 'gpu: tiled attention: a tile of the target taken for the rest',
    suite: 'lengths',
    file: ATTENTION_TILED,
    find: '(one_side && opening < ${IN_TARGET}u)',
    put: 'one_side',
  },
  {
    name: 'gpu: tiled attention: heads that do not act have sides',
    suite: 'lengths',
    file: ATTENTION_TILED,
    find: 'let all_target = all_see && all_act &&',
    put: 'let all_target = all_see &&',
  },
  {
    name: 'gpu: tiled attention: two sums that an online softmax keeps have one maximum',
    suite: 'gpu',
    file: ATTENTION_TILED,
    find: '${side}_sum = ${side}_sum * ${side}_fade + ${side}_tile;',
    put: '${side}_sum = ${side}_sum * rest_fade + ${side}_tile;',
  },
  {
    name: 'gpu: tiled attention: a piece takes the weights of the next',
    suite: 'gpu',
    file: ATTENTION_TILED,
    find: 'let stop = min(min(tile + ${TILE}u, end), start_of(piece + 1u));',
    put: 'let stop = min(tile + ${TILE}u, end);',
  },
  {
    name: 'gpu: tiled attention: a tile of several pieces taken for one',
    suite: 'gpu',
    file: ATTENTION_TILED,
    find: 'if (opening_piece != closing_piece)',
    put: 'if (opening_piece > closing_piece)',
  },
  {
    name: 'gpu: tiled matrices: the last inputs forgotten',
    suite: 'matrices',
    file: LINEAR_TILED,
    find: 'Math.ceil(quads / blockQuads)',
    put: 'Math.floor(quads / blockQuads)',
  },
  {
    name: 'gpu: tiled matrices: up multiplied with the weights of gate',
    suite: 'matrices',
    file: LINEAR_TILED,
    find: '+ ${matrix * outputs}u) * ${quads}u',
    put: ') * ${quads}u',
  },
  {
    name: 'gpu: matrices: lanes added without the nearest',
    suite: 'matrices',
    file: WORKGROUP,
    find: 'halvings(lanes, direct)',
    put: 'halvings(lanes, 2 * direct)',
  },
  {
    name: 'gpu: matrices: the folded norm without its factor',
    suite: 'matrices',
    file: LINEAR,
    find: '`${name} *= inverse;`',
    put: '`${name} *= 1.0;`',
  },
  {
    name: 'gpu: matrices: the folded norm without its weights',
    suite: 'matrices',
    file: LINEAR,
    find: '`x[${at}] * norms[${at}]`',
    put: '`x[${at}] * norms[0]`',
  },
  {
    name: 'gpu: matrices: the folded norm of half of x',
    suite: 'matrices',
    file: LINEAR,
    find: 'i < ${inputs / 4}u; i += ${threads}u) { squares',
    put: 'i < ${inputs / 4 / 2}u; i += ${threads}u) { squares',
  },
  {
    name: 'gpu: the f16 scale of the other block of a word',
    suite: 'matrices',
    file: MATRIX,
    find: '(block % 2u * 16u)).x',
    put: '((block + 1u) % 2u * 16u)).x',
  },
  {
    name: 'gpu: a minimum taken for an offset',
    suite: 'matrices',
    file: MATRIX,
    find: 'pair.y + ${CENTRES[bits]}.0 * pair.x',
    put: 'pair.y',
  },
  {
    name: 'gpu: a nibble of a pair taken for the other',
    suite: 'matrices',
    file: MATRIX,
    find: "nibblesOf('word >> 16u')",
    put: "nibblesOf('word >> 12u')",
  },
  {
    name: 'gpu: 1 − share from its rounded logarithm',
    suite: 'arithmetic',
    file: 'kernels/numbers.ts',
    find: 'return log_one_plus(-exp(x));',
    put: 'return log_one_plus(-exp(0.999 * x));',
  },
  {
    name: 'gpu: pace: never corrected by what was measured',
    suite: 'pace',
    file: PACE,
    find: 'this.#factor *= Math.sqrt(ratio);',
    put: '',
  },
  {
    name: 'gpu: pace: corrected by all of one measurement',
    suite: 'pace',
    file: PACE,
    find: 'this.#factor *= Math.sqrt(ratio);',
    put: 'this.#factor *= ratio;',
  },
  {
    name: 'gpu: pace: a part ends after its time, not before',
    suite: 'pace',
    file: PACE,
    find: 'next > 0 && ms + next > PART_MS',
    put: 'next > 0 && ms > PART_MS',
  },
  {
    name: 'gpu: pace: a dispatch has as many rows on a slow GPU',
    suite: 'pace',
    file: PACE,
    find: 'const rowMs = this.#factor * guess(',
    put: 'const rowMs = guess(',
  },
  {
    name: 'gpu: pace: fewer rows than read weights once',
    suite: 'pace',
    file: PACE,
    find: 'Math.max(LEAST_ROWS, Math.floor(',
    put: 'Math.max(1, Math.floor(',
  },
  {
    name: 'gpu: pace: learns from parts too short to tell',
    suite: 'pace',
    file: PACE,
    find: 'if (Math.max(estimatedMs, measuredMs) < TELLING_MS || estimatedMs === 0) return;',
    put: 'if (estimatedMs === 0) return;',
  },
  {
    name: 'gpu: pace: a busy host slows passes without bound',
    suite: 'pace',
    file: PACE,
    find: 'Math.min(MOST_OFF, measuredMs / estimatedMs)',
    put: 'measuredMs / estimatedMs',
  },
  {
    name: 'gpu: part of a large matrix at the first columns',
    suite: 'limits',
    file: 'src/executors/gpu/upload.ts',
    find: 'start += held;',
    put: 'start += 0 * held;',
  },
  {
    name: 'gpu: a repeated request without its policy',
    suite: 'limits',
    file: 'src/executors/gpu/history.ts',
    find: '...(kept.intervention ? { intervention: kept.intervention } : {}),',
    put: '',
  },
  {
    name: 'gpu: sum of a workgroup without its first eight threads',
    suite: 'workgroups',
    file: WORKGROUP,
    find: 'for (var i = lane; i < ${threads}u; i += ${EIGHT}u)',
    put: 'for (var i = lane + ${EIGHT}u; i < ${threads}u; i += ${EIGHT}u)',
  },
  {
    name: 'gpu: sum of a workgroup without its last subgroup',
    suite: 'subgroups',
    file: WORKGROUP,
    find: 'parts: `${threads}u / subgroup_size`,',
    put: 'parts: `${threads}u / subgroup_size - 1u`,',
  },
];

const root = fileURLToPath(new URL('../', import.meta.url));
const wanted = process.argv[2] ?? '';
const mutants = MUTANTS.filter(({ name }) => name.includes(wanted));

if (mutants.some(({ name }) => name.startsWith('gpu')) && denoPath() === null) {
  throw new Error('mutants of the gpu executor need Deno, which is not installed');
}
const copy = mkdtempSync(join(tmpdir(), 'holdfast-mutants-'));
for (const part of [
  'src',
  'kernels',
  'test',
  'scripts',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
]) {
  cpSync(join(root, part), join(copy, part), { recursive: true });
}
// Some tests start what is built, in processes of their own: it stays as it is.
for (const part of ['node_modules', 'dist']) symlinkSync(join(root, part), join(copy, part));

/** Returns whether the suite passes on the current copy. */
const passes = (suite) => {
  const [program, ...args] = SUITES[suite];
  const { status, error } = spawnSync(program, args, { cwd: copy, stdio: 'ignore' });
  if (error) throw error;
  return status === 0;
};

let survivors = 0;
try {
  for (const suite of new Set(mutants.map((mutant) => mutant.suite))) {
    if (!passes(suite)) throw new Error(`the ${suite} suite fails without any mutant`);
  }
  for (const { name, suite, file, find, put } of mutants) {
    const path = join(copy, file);
    const source = readFileSync(path, 'utf8');
    if (source.split(find).length !== 2)
      throw new Error(`${name}: the text to replace must occur exactly once in ${file}: ${find}`);
    writeFileSync(path, source.replace(find, put));
    const survived = passes(suite);
    writeFileSync(path, source);
    if (survived) survivors++;
    console.log(`${survived ? 'SURVIVED' : 'caught  '}  ${name}`);
  }
} finally {
  rmSync(copy, { recursive: true });
}
console.log(`${mutants.length - survivors} of ${mutants.length} mutants caught`);
process.exitCode = survivors === 0 ? 0 : 1;
