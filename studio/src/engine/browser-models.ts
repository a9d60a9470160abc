import { fetchModel } from '../../../src/browser.js';
import type { ExecutorChoice, ModelChoice, ModelSource } from '../../../src/studio/index.js';

/** The model beside the page. The package has no other. */
const EMBEDDED: ModelChoice = {
  name: 'organism',
  place: 'here',
  about: '2 million parameters, made to lose its system prompt',
};

// Not written where it is used: the build would take it for an asset of the page.
const HERE = import.meta.url;
/** The model's folder, from the folder of the built scripts. */
const FOLDER = '../../../../models/organism/soft';

const NO_GPU =
  'No GPU: this browser offers none to pages (WebGPU), so the model runs on one processor core. That is enough for this small model. To use a GPU, open the page in a current Chrome, Edge or Safari, with graphics acceleration turned on in its settings.';
const SOFTWARE_GPU =
  'No GPU: this browser emulates one, which is slower than a processor core, so the model runs on the processor.';

/** Returns the model that the page can load without a server. It runs on the GPU if there is a real one. */
export function browserModels(): ModelSource {
  let found: ReturnType<typeof findGpu> | null = null;
  const gpu = () => (found ??= findGpu());
  return {
    models: async () => [EMBEDDED],
    async executors(): Promise<readonly ExecutorChoice[]> {
      const own = await gpu();
      return [
        ...(own === null ? [] : [{ name: 'gpu', about: own.name }]),
        { name: 'reference', about: 'plain TypeScript' },
      ];
    },
    async load({ executor: asked }, report) {
      const own = await gpu();
      const reason = own === null ? NO_GPU : own.isSoftware ? SOFTWARE_GPU : null;
      const best = reason === null ? 'gpu' : 'reference';
      const executor = asked === 'gpu' || asked === 'reference' ? asked : best;
      report('fetching the weights, 4.5 MB');
      const address = new URL(FOLDER, HERE).href;
      const onCompiled = (done: number, total: number): void =>
        report(`compiling programs for the GPU, ${done} of ${total}`);
      const model = await fetchModel(address, { executor, onCompiled });
      const notes = executor === 'gpu' || reason === null ? [] : [reason];
      return { model: Object.assign(model, { name: EMBEDDED.name }), notes };
    },
  };
}

async function findGpu() {
  const gpu = (self.navigator as Navigator | undefined)?.gpu;
  if (gpu === undefined) return null;
  const { describeGpu } = await import('../../../src/executors/gpu/index.js');
  return describeGpu(gpu);
}
