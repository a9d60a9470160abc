import { existsSync } from 'node:fs';
import { HoldfastError } from '../../errors.js';
import { EMBEDDED_MODELS } from '../../load.js';
import { nearest } from '../../nearest.js';
import type { ModelSpec, StudySpec } from '../spec/index.js';

/**
 * A study whose models lie elsewhere than its file says.
 * @param paths by the name of the model; relative to where the command runs
 * @throws HoldfastError `E_USAGE` for a name that is no model of the study
 */
export function withModelPaths(spec: StudySpec, paths: Readonly<Record<string, string>>): StudySpec {
  const known = spec.models.map(({ name }) => name);
  for (const name of Object.keys(paths)) {
    if (known.includes(name)) continue;
    const meant = nearest(name, known);
    throw new HoldfastError('E_USAGE', `the study "${spec.name}" has no model named "${name}"`, {
      hint: meant === null ? `It has ${known.join(', ')}` : `Did you mean ${meant}?`,
    });
  }
  const models = spec.models.map((model) => ({
    ...model,
    path: Object.hasOwn(paths, model.name) ? paths[model.name]! : model.path,
  }));
  return { ...spec, models };
}

/**
 * A study whose models of the hub are in the cache, at their paths there, so that all of its threads use the same files.
 * @param fetch the path that a name of the hub stands for; a path as it is
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

/** The path that is meant by a model's path or embedded name; a file or folder of that name comes first. */
export function modelFile(path: string): string {
  return existsSync(path) ? path : (EMBEDDED_MODELS.get(path) ?? path);
}
