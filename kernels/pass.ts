/**
 * What changes from pass to pass, the first binding of every kernel. As in memory: eight u32.
 *
 * rows        new tokens of this pass
 * past        tokens in the cache before them; row r is at position past + r
 * pieces      stretches that the keys are cut into (see attention)
 * splits      parts that the keys are divided among, each `splitKeys` keys long
 * capacity    tokens that the sequence's buffers have room for
 * firstRow    the row that a norm begins at: 0, or the first whose logits are wanted
 */
export const PASS = /* wgsl */ `
struct Run { rows: u32, past: u32, pieces: u32, splits: u32, splitKeys: u32, capacity: u32, firstRow: u32, unused: u32 }
@group(0) @binding(0) var<uniform> run: Run;
`;
export const PASS_WORDS = 8;

/**
 * What differs between layers that run one program: the layer's first head among all heads of the model.
 */
export const LAYER = /* wgsl */ `
@group(0) @binding(8) var<uniform> layer: vec4u;
`;
export const LAYER_WORDS = 4;

/** Stands for −∞, which WGSL does not promise to keep: exp of it is 0, and sums with it stay finite. */
export const NEVER = -1e30;
