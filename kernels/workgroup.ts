/** The threads of a kernel, the same in every kernel of a model. */
export interface Threads {
  /**
   * Threads per workgroup. A GPU runs 32 or 64 at once; a software GPU runs them one after the other and is fastest
   * with few.
   */
  readonly threads: number;
}

/** The threads of a kernel that exchange values. */
export interface Workgroup extends Threads {
  /**
   * Threads that are certainly in one subgroup and can exchange values directly, a power of two; null: no subgroups.
   */
  readonly subgroup: number | null;
}

/** WGSL at the start of a program whose threads exchange values. */
export const enables = ({ subgroup }: Workgroup): string =>
  subgroup === null ? '' : 'enable subgroups;\nvar<private> subgroup_size: u32;';

/** WGSL for the start of `main`, which defines `group` and `lane`. */
export const entry = ({ threads }: Threads): string => /* wgsl */ `
@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {`;

/** The same for a program that begins with {@link enables}: threads of one subgroup have neighbouring lanes. */
export const entryOfSubgroups = (workgroup: Workgroup): string =>
  workgroup.subgroup === null
    ? entry(workgroup)
    : /* wgsl */ `
@compute @workgroup_size(${workgroup.threads})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_id) subgroup: u32,
        @builtin(subgroup_invocation_id) invocation: u32, @builtin(subgroup_size) subgroup_width: u32) {
  let lane = subgroup * subgroup_width + invocation;
  subgroup_size = subgroup_width;`;

const OPERATIONS = {
  sum: { start: '0.0', both: (a: string, b: string) => `${a} + ${b}`, subgroup: 'subgroupAdd' },
  maximum: { start: '-1e30', both: (a: string, b: string) => `max(${a}, ${b})`, subgroup: 'subgroupMax' },
};

/**
 * Returns WGSL for `fn over_workgroup(lane, value)`, which returns the sum or maximum of the values of all threads. All
 * threads must call it together, and there must be another barrier before the next call.
 */
export function overWorkgroup(
  { threads, subgroup }: Workgroup,
  operation: keyof typeof OPERATIONS,
  type: 'f32' | 'vec2f',
): string {
  const { start, both, subgroup: ofSubgroup } = OPERATIONS[operation];
  if (subgroup !== null) {
    return /* wgsl */ `
var<workgroup> parts_: array<${type}, ${threads / subgroup}>;
fn over_workgroup(lane: u32, value: ${type}) -> ${type} {
  let part = ${ofSubgroup}(value);
  if (lane % subgroup_size == 0u) { parts_[lane / subgroup_size] = part; }
  workgroupBarrier();
  var all = parts_[0];
  for (var i = 1u; i < ${threads}u / subgroup_size; i++) { all = ${both('all', 'parts_[i]')}; }
  return all;
}
`;
  }
  const { declarations, statements, parts } =
    threads > EIGHT ? inTwoSteps(threads, type, start, both) : inOneStep(threads, type);
  return /* wgsl */ `
${declarations}
fn over_workgroup(lane: u32, value: ${type}) -> ${type} {
  ${statements}
  workgroupBarrier();
  var all = parts_[0];
  for (var i = 1u; i < ${parts}u; i++) { all = ${both('all', 'parts_[i]')}; }
  return all;
}
`;
}

const EIGHT = 8;

const inOneStep = (threads: number, type: string) => ({
  declarations: `var<workgroup> parts_: array<${type}, ${threads}>;`,
  statements: 'parts_[lane] = value;',
  parts: threads,
});

/** Eight threads combine an eighth of the values each. */
const inTwoSteps = (
  threads: number,
  type: string,
  start: string,
  both: (a: string, b: string) => string,
) => ({
  declarations: `
var<workgroup> values_: array<${type}, ${threads}>;
var<workgroup> parts_: array<${type}, ${EIGHT}>;`,
  statements: `
  values_[lane] = value;
  workgroupBarrier();
  if (lane < ${EIGHT}u) {
    var part = ${type}(${start});
    for (var i = lane; i < ${threads}u; i += ${EIGHT}u) { part = ${both('part', 'values_[i]')}; }
    parts_[lane] = part;
  }`,
  parts: EIGHT,
});
