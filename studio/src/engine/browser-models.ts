import { fetchModel } from '../../../src/browser.js';
import { describeGpu } from '../../../src/executors/gpu/index.js';
import type { ModelSource } from '../../../src/studio/index.js';

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
  return {
    models: async () => [...FOLDERS].map(([name, { about }]) => ({ name, about })),
    async load(name, report) {
      const { folder } = FOLDERS.get(name) ?? FOLDERS.get('organism')!;
      const { executor, note } = await chooseExecutor();
      report('fetching the weights, 4.5 MB');
      const address = new URL(`${MODELS}/${folder}`, HERE).href;
      const onCompiled = (done: number, total: number): void =>
        report(`compiling programs for the GPU, ${done} of ${total}`);
      const model = await fetchModel(address, { executor, onCompiled });
      return { model: Object.assign(model, { name }), notes: note === null ? [] : [note] };
    },
  };
}

async function chooseExecutor(): Promise<{
  readonly executor: 'gpu' | 'reference';
  readonly note: string | null;
}> {
  const gpu = (self.navigator as Navigator | undefined)?.gpu;
  const found = gpu === undefined ? null : await describeGpu(gpu);
  if (found === null) return { executor: 'reference', note: NO_GPU };
  return found.isSoftware ? { executor: 'reference', note: SOFTWARE_GPU } : { executor: 'gpu', note: null };
}
