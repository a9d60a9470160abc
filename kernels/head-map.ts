/**
 * A head's row map as kernels read it, all f32. `acts` is 0 if the map changes nothing; `gain` is 0 if the head is
 * silenced. The others are the parameters of the map π → min(max(boost_M(π^k), ψ), κ). Each limit has two logarithms:
 * of the share, and of 1 minus the share, which log(1 − e^x) would round away.
 */
export const HEAD_MAP_FIELDS = [
  'acts',
  'gain',
  'exponent',
  'log_multiplier',
  'log_floor',
  'log_outside_floor',
  'log_cap',
  'log_outside_cap',
] as const;

export type HeadMapField = (typeof HEAD_MAP_FIELDS)[number];

export const HEAD_MAP = /* wgsl */ `
struct HeadMap { ${HEAD_MAP_FIELDS.map((field) => `${field}: f32`).join(', ')} }
`;
