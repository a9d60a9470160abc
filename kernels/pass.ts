/**
 * The uniform of a pass, binding 0 of every kernel in a layer: eight u32.
 *
 * rows        new tokens of this pass
 * past        tokens in the cache before this pass; row r has position past + r
 * pieces      pieces that the keys are cut into (see attention.ts)
 * splits      splits of the keys among workgroups
 * splitKeys   keys per split
 * capacity    capacity of the sequence's buffers in tokens
 * firstRow    first row of a norm: 0, or the first row whose logits are wanted
 */
export const PASS = /* wgsl */ `
struct Run { rows: u32, past: u32, pieces: u32, splits: u32, splitKeys: u32, capacity: u32, firstRow: u32, unused: u32 }
@group(0) @binding(0) var<uniform> run: Run;
`;
/** Words of the uniform `Run`. */
export const PASS_WORDS = 8;

/**
 * The uniform of a part of a layer, for layers that share a program: x is the index of the layer's first head among the model's
 * heads. A cache that is too large for a buffer is in parts of the layer's key-value heads: y is the first of them, z their number.
 */
export const LAYER = /* wgsl */ `
@group(0) @binding(8) var<uniform> layer: vec4u;
`;
/** Words of the uniform `layer`. */
export const LAYER_WORDS = 4;

/** Replaces −∞, which WGSL implementations need not support. exp of it is 0, and sums with it stay finite. */
export const NEVER = -1e30;
