const OURS = './ours.mjs';
const PEER = './peer.mjs';

/**
 * The subjects on the CPU. The peer runs with and without flash attention, because neither is best at every length;
 * ratios use its better figure, row by row.
 *
 * @type {readonly import('./subject.d.ts').SubjectEntry[]}
 */
export const SUBJECTS = [
  {
    id: 'peer-flash',
    title: 'llama.cpp flash',
    isPeer: true,
    module: PEER,
    variant: { flashAttention: true },
  },
  {
    id: 'peer',
    title: 'llama.cpp',
    isPeer: true,
    module: PEER,
    variant: { flashAttention: false },
  },
  { id: 'off', title: 'cpu', isPeer: false, module: OURS, variant: {} },
  {
    id: 'measured',
    title: 'cpu measured',
    isPeer: false,
    module: OURS,
    variant: { measured: true },
  },
  {
    id: 'split',
    title: 'cpu k=.5',
    isPeer: false,
    module: OURS,
    variant: { measured: true, splitSoftmax: 0.5 },
  },
  {
    id: 'onnx',
    title: 'onnx k=.5',
    isPeer: false,
    module: OURS,
    variant: { executor: 'onnx', measured: true, splitSoftmax: 0.5 },
  },
];

/**
 * The subjects on the GPU. The peer's CUDA binary must be installed by hand.
 *
 * @type {readonly import('./subject.d.ts').SubjectEntry[]}
 */
export const GPU_SUBJECTS = [
  {
    id: 'peer-cuda',
    title: 'llama.cpp CUDA',
    isPeer: true,
    module: PEER,
    variant: { flashAttention: true, gpu: 'cuda' },
  },
  { id: 'gpu', title: 'gpu', isPeer: false, module: OURS, variant: { executor: 'gpu' } },
  {
    id: 'gpu-measured',
    title: 'gpu measured',
    isPeer: false,
    module: OURS,
    variant: { executor: 'gpu', measured: true },
  },
  {
    id: 'gpu-split',
    title: 'gpu k=.5',
    isPeer: false,
    module: OURS,
    variant: { executor: 'gpu', measured: true, splitSoftmax: 0.5 },
  },
];

const PEERS = ['peer-flash', 'peer', 'peer-cuda'];

/**
 * The columns with ratios. A ratio compares the subject `of` with the best of the subjects `to`, row by row, and is held
 * against the row's goal of that name in `metrics.mjs`.
 *
 * @typedef {{ title: string, of: string, to: readonly string[], goal: 'peer' | 'off' | null }} Ratio
 *
 * @type {readonly Ratio[]}
 */
export const RATIOS = [
  { title: 'cpu ÷ llama.cpp', of: 'off', to: PEERS, goal: null },
  { title: 'cpu k=.5 ÷ llama.cpp', of: 'split', to: PEERS, goal: 'peer' },
  { title: 'cpu k=.5 ÷ cpu', of: 'split', to: ['off'], goal: 'off' },
  { title: 'onnx k=.5 ÷ llama.cpp', of: 'onnx', to: PEERS, goal: null },
  { title: 'gpu k=.5 ÷ llama.cpp', of: 'gpu-split', to: PEERS, goal: 'peer' },
  { title: 'gpu k=.5 ÷ gpu', of: 'gpu-split', to: ['gpu'], goal: 'off' },
];
