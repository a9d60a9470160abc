import { fetchModel } from '../../../src/browser.js';
import type { ExecutorChoice, ModelSource } from '../../../src/studio/index.js';

/** The models beside the page, by name: their folders in the package, as seen from the page's scripts. */
const FOLDERS: ReadonlyMap<string, { readonly folder: string; readonly about: string }> = new Map([
  ['organism', { folder: 'soft', about: '2 million parameters, made to lose its system prompt' }],
  ['organism/sharp', { folder: 'sharp', about: 'its twin that does not lose it' }],
]);

// Not written where it is used: the build would take it for an asset of the page.
const HERE = import.meta.url;
/** The models' folder, from the folder of the built scripts. */
const MODELS = '../../../../models/organism';

const NO_GPU =
  'This browser offers no WebGPU, so the model runs on one processor core. That is enough for this small model. To use a GPU, open the page in a current Chrome, Edge or Safari.';
const SOFTWARE_GPU =
  'This browser emulates its GPU, which is slower than one processor core, so the model runs on the processor.';

/** Returns the models that the page can load without a server. They run on the GPU if there is a real one. */
export function browserModels(): ModelSource {
  let found: ReturnType<typeof findGpu> | null = null;
  const gpu = () => (found ??= findGpu());
  return {
    models: async () => [...FOLDERS].map(([name, { about }]) => ({ name, about })),
    async executors(): Promise<readonly ExecutorChoice[]> {
      const own = await gpu();
      return [
        ...(own === null ? [] : [{ name: 'gpu', about: own.name }]),
        { name: 'reference', about: 'plain TypeScript' },
      ];
    },
    async load({ name, executor: asked }, report) {
      const { folder } = FOLDERS.get(name) ?? FOLDERS.get('organism')!;
      const own = await gpu();
      const reason = own === null ? NO_GPU : own.isSoftware ? SOFTWARE_GPU : null;
      const best = reason === null ? 'gpu' : 'reference';
      const executor = asked === 'gpu' || asked === 'reference' ? asked : best;
      report('fetching the weights, 4.5 MB');
      const address = new URL(`${MODELS}/${folder}`, HERE).href;
      const onCompiled = (done: number, total: number): void =>
        report(`compiling programs for the GPU, ${done} of ${total}`);
      const model = await fetchModel(address, { executor, onCompiled });
      const notes = executor === 'gpu' || reason === null ? [] : [reason];
      return { model: Object.assign(model, { name }), notes };
    },
  };
}

async function findGpu() {
  const gpu = (self.navigator as Navigator | undefined)?.gpu;
  if (gpu === undefined) return null;
  const { describeGpu } = await import('../../../src/executors/gpu/index.js');
  return describeGpu(gpu);
}
