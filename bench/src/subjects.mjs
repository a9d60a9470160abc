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
  { id: 'off', title: 'ours', isPeer: false, module: OURS, variant: {} },
  {
    id: 'measured',
    title: 'ours measured',
    isPeer: false,
    module: OURS,
    variant: { measured: true },
  },
  {
    id: 'split',
    title: 'ours k=0.5',
    isPeer: false,
    module: OURS,
    variant: { measured: true, splitSoftmax: 0.5 },
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
    title: 'gpu k=0.5',
    isPeer: false,
    module: OURS,
    variant: { executor: 'gpu', measured: true, splitSoftmax: 0.5 },
  },
];
