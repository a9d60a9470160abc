import { createHash } from 'node:crypto';
import { type Blueprint, planModel } from '../../architectures/index.js';
import { headsInMeans } from '../../attention/index.js';
import { modelSize } from '../../concurrency.js';
import { headGrid } from '../../engine/index.js';
import { HoldfastError } from '../../errors.js';
import { type ModelFiles, openModel } from '../../hub/index.js';
import { findTemplate, findTokenizer } from '../../model-text.js';
import { tellNotes } from '../../notes.js';
import { mayWriteTime } from '../../text/index.js';
import type { ModelSpec } from '../spec/index.js';
import { canonicalJson } from '../spec/index.js';
import type { ModelFacts } from './address.js';
import { modelFile } from './model-paths.js';

/**
 * Reads the facts of a model that results depend on, without creating an executor.
 * @throws HoldfastError `E_TEMPLATE` for a model without a chat template, and what opening and planning throw
 */
export async function modelFacts({
  path,
  precision,
  executor,
}: Pick<ModelSpec, 'path' | 'precision' | 'executor'>): Promise<ModelFacts> {
  const files = await openModel(modelFile(path));
  try {
    const { blueprint, notes } = await planModel(files.checkpoint, files.config);
    tellNotes([...(files.checkpoint.notes ?? []), ...notes, ...(findTokenizer(files)?.notes ?? [])]);
    const { template } = findTemplate(files);
    if (template === null) {
      throw new HoldfastError('E_TEMPLATE', `${path} has no chat template`, {
        hint: 'Use an instruction-tuned model: studies consist of dialogues',
      });
    }
    return {
      hash: await files.hash(),
      templateHash: sha256(template),
      mayWriteTime: mayWriteTime(template),
      setupHash: setupHash(blueprint, files),
      grid: headGrid(blueprint),
      seeing: headsInMeans(headGrid(blueprint)).pairs,
      size: modelSize(blueprint),
      precision: precision ?? executor,
    };
  } finally {
    await files.close();
  }
}

/** Hashes the blueprint and the files beside the weights. A single GGUF file has no such files, only the blueprint. */
function setupHash(
  blueprint: Blueprint,
  { tokenizer, tokenizerConfig, generationConfig }: ModelFiles,
): string {
  return sha256(canonicalJson({ blueprint, tokenizer, tokenizerConfig, generationConfig }));
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
