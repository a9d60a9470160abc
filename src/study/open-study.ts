import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { planModel } from '../architectures/index.js';
import { headGrid } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import { openModel } from '../hub/index.js';
import { findTemplate } from '../load.js';
import type { ModelFacts } from './address.js';
import { expand, rankingCells } from './expand.js';
import { modelFile, withModelPaths } from './model-paths.js';
import { openSource } from './open-source.js';
import { parseSpec } from './parse-spec.js';
import type { Study } from './plan.js';
import type { ModelSpec } from './spec.js';

/** The module that computes a study's cells, for the threads of a run. */
export const CELLS = new URL('./cells.js', import.meta.url);

/**
 * Reads a specification and finds what it names: models are looked at, and loaded only where their cells are computed.
 * @param paths where models lie, by name, instead of where the file says
 * @param versions what runs, for the record
 * @throws HoldfastError `E_SPEC`, `E_NOT_FOUND`, `E_UNREADABLE`, and what opening models and sources throws
 */
export async function openStudy(
  file: string,
  paths: Readonly<Record<string, string>>,
  versions: Readonly<Record<string, string>>,
): Promise<Study> {
  const text = await readSpec(file);
  const spec = withModelPaths(parseSpec(text, file), paths);
  const facts = new Map<string, ModelFacts>();
  for (const model of spec.models) facts.set(model.name, await factsOf(model));
  const sources = new Map(spec.sources.map((source) => [source.name, openSource(source, spec.costs)]));
  const found = { models: facts, sources };
  return {
    spec,
    file,
    text,
    versions,
    models: spec.models.map(({ name, path }) => {
      const { hash, grid } = facts.get(name)!;
      return { name, path, hash, ...grid };
    }),
    rankings: rankingCells(spec, found),
    expand: (rankings) => expand(spec, found, rankings),
  };
}

async function readSpec(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    throw new HoldfastError(
      missing ? 'E_NOT_FOUND' : 'E_UNREADABLE',
      missing ? 'there is no such file' : 'the file cannot be read',
      { file, cause },
    );
  }
}

/** What a result depends on besides how the model is run; the executor is not made for it. */
async function factsOf({ path, precision, executor }: ModelSpec): Promise<ModelFacts> {
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
      templateHash: createHash('sha256').update(template).digest('hex'),
      grid: headGrid(blueprint),
      precision: precision ?? executor,
    };
  } finally {
    await files.close();
  }
}
