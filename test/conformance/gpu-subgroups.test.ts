import { describe, expect, it } from 'vitest';
import { createGpuExecutor, ON_A_GPU } from '../../src/executors/gpu/index.js';
import { createRandom } from '../../src/random.js';
import { gpuWithShaders, replaceCalls } from '../support/changed-shaders.js';
import { gpuName, hasNoFastGpu, withChanges } from '../support/gpu.js';
import { expectGoldenCases } from './golden-cases.js';

/** The seed by which drivers choose widths; `HOLDFAST_SEED` repeats one. The name of a test has it. */
const SEED = Number(process.env.HOLDFAST_SEED ?? Math.floor(Math.random() * 2 ** 31));

/**
 * The bounds that adapters state for the width of a subgroup, and widths that their drivers then choose. The families have
 * every kernel whose threads exchange values.
 */
const ADAPTERS = [
  { family: 'gemma3', smallest: 4, largest: 64, widths: [4, 8, 16, 32, 64] },
  { family: 'olmo2', smallest: 32, largest: 64, widths: [64, 32] },
] as const;

/**
 * Writes a program's subgroups as workgroup memory and barriers, for a given width. A barrier must be reached by all
 * threads, or the program does not compile: so no thread leaves before threads exchange values.
 */
function withoutSubgroups(code: string, width: number): string {
  if (!code.includes('enable subgroups;')) return code;
  const threads = Number(/@workgroup_size\((\d+)\)/.exec(code)![1]);
  const summed = /fn workgroup_\w+\(lane: u32, value: (\w+)\)/.exec(code)?.[1];
  const exchanged = (type: string): string => `
var<workgroup> exchanged_${type}: array<${type}, ${threads}>;
fn shuffle_xor_${type}(value: ${type}, by: u32) -> ${type} {
  exchanged_${type}[own_lane] = value;
  workgroupBarrier();
  let other = exchanged_${type}[own_lane / ${width}u * ${width}u + (own_lane % ${width}u ^ by)];
  workgroupBarrier();
  return other;
}
fn sum_${type}(value: ${type}) -> ${type} {
  var all = value;
  for (var by = 1u; by < ${width}u; by *= 2u) { all += shuffle_xor_${type}(all, by); }
  return all;
}
fn max_${type}(value: ${type}) -> ${type} {
  var all = value;
  for (var by = 1u; by < ${width}u; by *= 2u) { all = max(all, shuffle_xor_${type}(all, by)); }
  return all;
}`;
  let changed = code.replace('enable subgroups;', '').replace(
    /@builtin\(subgroup_id\)[^{]*\{/,
    `@builtin(local_invocation_index) own: u32) {
  own_lane = own;
  let subgroup = own / ${width}u; let invocation = own % ${width}u; let subgroup_width = ${width}u;`,
  );
  const shuffled = /var (?:sum|gate) = vec4f/.test(code) ? 'vec4f' : 'f32';
  changed = replaceCalls(changed, 'subgroupShuffleXor', (x) => `shuffle_xor_${shuffled}(${x})`);
  changed = replaceCalls(changed, 'subgroupAdd', (x) => `sum_${summed}(${x})`);
  changed = replaceCalls(changed, 'subgroupMax', (x) => `max_${summed}(${x})`);
  expect(changed).not.toContain('builtin(subgroup');
  // Workgroup memory has no room for what the program does not use.
  const types = ['f32', 'vec2f', 'vec4f'].filter((type) => changed.includes(`_${type}(`));
  return `var<private> own_lane: u32;\n${types.map(exchanged).join('\n')}\n${changed}`;
}

describe.skipIf(hasNoFastGpu())(`subgroups in workgroup memory, on ${gpuName}`, () => {
  const title = `of $smallest to $largest threads give the golden cases of $family, HOLDFAST_SEED=${SEED}`;
  it.each(ADAPTERS)(title, async (adapter) => {
    const { family, smallest, largest, widths } = adapter;
    const random = createRandom(SEED);
    const chosen: number[] = [];
    const gpu = await gpuWithShaders(
      // A driver may choose another width for each program.
      (code) => {
        chosen.push(widths[Math.floor(random() * widths.length)]!);
        return withoutSubgroups(code, chosen.at(-1)!);
      },
      ({ features, info }) => ({
        features: withChanges(features, {
          has: (name: GPUFeatureName) => name === 'subgroups' || features.has(name),
        }),
        info: withChanges(info, { subgroupMinSize: smallest, subgroupMaxSize: largest }),
      }),
    );
    const withWgsl = withChanges(gpu, { wgslLanguageFeatures: new Set(['subgroup_id']) });
    await expectGoldenCases(family, ({ plan, files }) =>
      createGpuExecutor(withWgsl, plan, files.checkpoint, {
        precision: 'f32',
        tuning: { ...ON_A_GPU, rows: 64 },
      }),
    );
    expect(chosen.length).toBeGreaterThan(8);
  });
});
