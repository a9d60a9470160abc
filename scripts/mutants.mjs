#!/usr/bin/env node
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the search strings are pieces of templates.
/**
 * Breaks the executors on purpose, one place at a time, in a copy of the sources, and runs the conformance suite on
 * each copy. A mutant that passes is a hole in the suite. `npm run mutants` runs all mutants; `npm run mutants gpu` runs those with
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
const PASS_DATA = 'src/executors/gpu/pass-data.ts';
const COMBINE = 'kernels/combine.ts';
const WORKGROUP = 'kernels/workgroup.ts';

/** The suites that catch mutants, as commands. */
const deno = (file) => ['node', 'scripts/test-deno.mjs', '--bail', '1', `test/conformance/${file}.test.ts`];
const vitest = (file) => ['npx', 'vitest', 'run', '--bail', '1', `test/conformance/${file}.test.ts`];
const SUITES = {
  reference: vitest('reference'),
  onnx: vitest('onnx'),
  policies: vitest('policies'),
  gpu: deno('gpu'),
  workgroups: deno('gpu-workgroups'),
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
  ...['reference', 'onnx'].map((suite) => ({
    name: `${suite}: target end off by one`,
    suite,
    file: 'src/executors/contract/request.ts',
    find: 'mask.fill(1, start, Math.min(end, tokens));',
    put: 'mask.fill(1, start, Math.min(end - 1, tokens));',
  })),
  ...['reference', 'onnx'].map((suite) => ({
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
    suite: 'policies',
    file: 'src/executors/onnx/policy-parts.ts',
    find: 'cap: { cap: same },',
    put: 'cap: { cap: () => 1 },',
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
    find: 'tags.fill(firsts[piece]!, start, starts[piece + 1] ?? tokens);',
    put: 'tags.fill(firsts[piece]!, start, (starts[piece + 1] ?? tokens + 1) - 1);',
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
    find: 'map.gain * (target_weight * target_output',
    put: '(target_weight * target_output',
  },
  {
    name: 'gpu: wrong key-value head',
    suite: 'gpu',
    file: 'kernels/attention.ts',
    find: 'let kv = head / ${heads / kvHeads}u;',
    put: 'let kv = head % ${kvHeads}u;',
  },
  {
    name: 'gpu: rescale of the rest forgotten',
    suite: 'gpu',
    file: COMBINE,
    find: 'rest_weight = exp(log_out) / rest_sum;',
    put: 'rest_weight = exp(-softplus(-gap)) / rest_sum;',
  },
  {
    name: 'gpu: two sums that an online softmax keeps have one maximum',
    suite: 'gpu',
    file: 'kernels/attention.ts',
    find: 'rest_sum *= rest_fade;',
    put: 'rest_sum *= target_fade;',
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
    find: 'i < ${threads}u / subgroup_size; i++',
    put: 'i < ${threads}u / subgroup_size - 1u; i++',
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
symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));

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
