import { existsSync } from 'node:fs';
import { HoldfastError } from '../../errors.js';
import { EMBEDDED_MODELS } from '../../load.js';
import { nearest } from '../../nearest.js';
import type { ModelSpec, StudySpec } from '../spec/index.js';

/**
 * Replaces the paths of models.
 * @param paths paths by model name, relative to the working directory
 * @throws HoldfastError `E_USAGE` for a name that is not a model of the study
 */
export function withModelPaths(spec: StudySpec, paths: Readonly<Record<string, string>>): StudySpec {
  const known = spec.models.map(({ name }) => name);
  for (const name of Object.keys(paths)) {
    if (known.includes(name)) continue;
    const near = nearest(name, known);
    throw new HoldfastError('E_USAGE', `the study "${spec.name}" has no model named "${name}"`, {
      hint: near === null ? `Known: ${known.join(', ')}` : `Did you mean ${near}?`,
    });
  }
  const models = spec.models.map((model) => ({
    ...model,
    path: Object.hasOwn(paths, model.name) ? paths[model.name]! : model.path,
  }));
  return { ...spec, models };
}

/**
 * Fetches the models from the hub and replaces their names by paths in the cache, so that all threads use the same files.
 * @param fetch returns the path for a hub name, and a path unchanged
 */
export async function withFetchedModels(
  spec: StudySpec,
  fetch: (name: string) => Promise<string>,
): Promise<StudySpec> {
  const models: ModelSpec[] = [];
  for (const model of spec.models) {
    models.push(EMBEDDED_MODELS.has(model.path) ? model : { ...model, path: await fetch(model.path) });
  }
  return { ...spec, models };
}

/** Resolves a path or the name of an embedded model. An existing file or folder of that name takes precedence. */
export function modelFile(path: string): string {
  return existsSync(path) ? path : (EMBEDDED_MODELS.get(path) ?? path);
}
