/** The threads of a kernel, the same in every kernel of a model. */
export interface Threads {
  /**
   * Threads per workgroup. A GPU runs 32 or 64 at once; a software GPU runs them one after the other and is fastest
   * with few.
   */
  readonly threads: number;
}

/** Threads that a GPU runs in step. If they load the same number at once, memory or a cache delivers it once. */
const IN_STEP = 32;

/** Returns how often a workgroup loads numbers that each group of so many neighbouring threads loads. */
export const loadsByGroups = (threads: number, group: number): number =>
  Math.ceil(threads / Math.max(group, IN_STEP));

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
 * Returns WGSL for `fn workgroup_sum(lane, value)` or `fn workgroup_maximum(lane, value)`, which return the sum or maximum of
 * the values of all threads. All threads must call them together, and there must be another barrier before the next call.
 */
export function overWorkgroup(
  workgroup: Workgroup,
  type: 'f32' | 'vec2f',
  ...operations: readonly (keyof typeof OPERATIONS)[]
): string {
  const { declarations, statements, parts } = exchange(workgroup, type);
  const functions = operations.map((name) => {
    const operation = OPERATIONS[name];
    return /* wgsl */ `
fn workgroup_${name}(lane: u32, value: ${type}) -> ${type} {
  ${statements(operation)}
  workgroupBarrier();
  var all = parts_[0];
  for (var i = 1u; i < ${parts}; i++) { all = ${operation.both('all', 'parts_[i]')}; }
  return all;
}`;
  });
  return `${declarations}${functions.join('')}\n`;
}

const EIGHT = 8;

/** How the threads of a workgroup combine values into a few, which each then combines. */
interface Exchange {
  readonly declarations: string;
  readonly statements: (operation: (typeof OPERATIONS)[keyof typeof OPERATIONS]) => string;
  /** WGSL for the number of combined values. */
  readonly parts: string;
}

function exchange({ threads, subgroup }: Workgroup, type: string): Exchange {
  if (subgroup !== null) {
    return {
      declarations: `var<workgroup> parts_: array<${type}, ${threads / subgroup}>;`,
      statements: ({ subgroup }) => `
  let part = ${subgroup}(value);
  if (lane % subgroup_size == 0u) { parts_[lane / subgroup_size] = part; }`,
      parts: `${threads}u / subgroup_size`,
    };
  }
  if (threads <= EIGHT) {
    return {
      declarations: `var<workgroup> parts_: array<${type}, ${threads}>;`,
      statements: () => 'parts_[lane] = value;',
      parts: `${threads}u`,
    };
  }
  return {
    declarations: `
var<workgroup> values_: array<${type}, ${threads}>;
var<workgroup> parts_: array<${type}, ${EIGHT}>;`,
    // Eight threads combine an eighth of the values each.
    statements: ({ start, both }) => `
  values_[lane] = value;
  workgroupBarrier();
  if (lane < ${EIGHT}u) {
    var part = ${type}(${start});
    for (var i = lane; i < ${threads}u; i += ${EIGHT}u) { part = ${both('part', 'values_[i]')}; }
    parts_[lane] = part;
  }`,
    parts: `${EIGHT}u`,
  };
}

/** Returns how many of so many neighbouring threads are certainly in one subgroup; 1 without subgroups. */
export const sideBySide = ({ subgroup }: Workgroup, lanes: number): number => Math.min(lanes, subgroup ?? 1);

/**
 * Returns statements that add up the sums of every `lanes` neighbouring threads, in the first of them. Threads of one
 * subgroup exchange sums directly; the rest is a tree through shared memory. Narrow subgroups are no reason for fewer lanes:
 * reading many neighbouring words at once matters more than adding the sums fast. All threads must run the statements together.
 * Afterwards each thread may write its memory at once.
 * @param lanes a power of two that divides the threads
 * @param sums the names of variables
 * @param at WGSL for where the memory has a sum of the thread that is `further` on
 */
export function overLanes(
  workgroup: Workgroup,
  lanes: number,
  sums: readonly string[],
  at: (sum: number, further: number) => string,
): string {
  const direct = sideBySide(workgroup, lanes);
  const halvings = (from: number, to: number): number[] =>
    Array.from({ length: Math.log2(from / to) }, (_, i) => from >> (i + 1));
  const shuffles = sums
    .flatMap((sum) => halvings(direct, 1).map((by) => `${sum} += subgroupShuffleXor(${sum}, ${by}u);`))
    .join('\n');
  if (lanes === direct) return shuffles;
  const each = (make: (sum: string, index: number) => string): string => sums.map(make).join(' ');
  const tree = halvings(lanes, direct)
    .map(
      (by) =>
        `if (lane % ${lanes}u < ${by}u) { ${each((_, index) => `${at(index, 0)} += ${at(index, by)};`)} }\n  workgroupBarrier();`,
    )
    .join('\n  ');
  return /* wgsl */ `
  ${shuffles}
  ${each((sum, index) => `${at(index, 0)} = ${sum};`)}
  workgroupBarrier();
  ${tree}
  ${each((sum, index) => `${sum} = ${at(index, 0)};`)}`;
}
