/**
 * Everyone in the race. The peer runs with flash attention and without, because neither is best at every length;
 * ratios are taken against its better figure, row by row.
 *
 * @type {readonly import('./subject.d.ts').SubjectEntry[]}
 */
export const SUBJECTS = [
  {
    id: 'peer-flash',
    title: 'llama.cpp flash',
    isPeer: true,
    module: './peer.mjs',
    variant: { flashAttention: true },
  },
  {
    id: 'peer',
    title: 'llama.cpp',
    isPeer: true,
    module: './peer.mjs',
    variant: { flashAttention: false },
  },
  { id: 'off', title: 'ours', isPeer: false, module: './ours.mjs', variant: {} },
  {
    id: 'measured',
    title: 'ours measured',
    isPeer: false,
    module: './ours.mjs',
    variant: { measured: true },
  },
  {
    id: 'split',
    title: 'ours k=0.5',
    isPeer: false,
    module: './ours.mjs',
    variant: { measured: true, splitSoftmax: 0.5 },
  },
];
