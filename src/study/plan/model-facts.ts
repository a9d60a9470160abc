import { createHash } from 'node:crypto';
import { type Blueprint, planModel } from '../../architectures/index.js';
import { headGrid } from '../../engine/index.js';
import { HoldfastError } from '../../errors.js';
import { type ModelFiles, openModel } from '../../hub/index.js';
import { pairsThatSeeAll } from '../../measure/index.js';
import { findTemplate } from '../../model-text.js';
import type { ModelSpec } from '../spec/index.js';
import { canonicalJson } from '../spec/index.js';
import type { ModelFacts } from './address.js';
import { modelFile } from './model-paths.js';

/**
 * What a result depends on besides how the model is run; the executor is not made for it.
 * @throws HoldfastError `E_TEMPLATE` for a model that leads no dialogues, and what opening and planning throw
 */
export async function modelFacts({
  path,
  precision,
  executor,
}: Pick<ModelSpec, 'path' | 'precision' | 'executor'>): Promise<ModelFacts> {
  const files = await openModel(modelFile(path));
  try {
    const { blueprint } = await planModel(files.checkpoint, files.config);
    const { template } = findTemplate(files);
    if (template === null) {
      throw new HoldfastError('E_TEMPLATE', `${path} has no chat template`, {
        hint: 'A study leads dialogues: use an instruction-tuned model',
      });
    }
    return {
      hash: await files.hash(),
      templateHash: sha256(template),
      setupHash: setupHash(blueprint, files),
      grid: headGrid(blueprint),
      seeing: pairsThatSeeAll(blueprint),
      precision: precision ?? executor,
    };
  } finally {
    await files.close();
  }
}

/** What lies beside the weights, as it is read; of a GGUF file that stands alone there is nothing but the blueprint. */
function setupHash(
  blueprint: Blueprint,
  { tokenizer, tokenizerConfig, generationConfig }: ModelFiles,
): string {
  return sha256(canonicalJson({ blueprint, tokenizer, tokenizerConfig, generationConfig }));
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
