import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { readError } from '../../errors.js';
import { locateModel } from '../../hub/index.js';
import { packageFile } from '../../package.js';
import { parsePlacedSpec } from '../spec/index.js';
import { expand, rankingCells } from './expand.js';
import { findNamed } from './find-named.js';
import { withFetchedModels, withModelPaths } from './model-paths.js';
import type { Study } from './plan.js';

/** The folder of the studies that come with the package. */
const SHIPPED = packageFile('experiments/');

/**
 * Reads a specification and finds what it names.
 * @param named a file, or the name of a study that comes along
 * @param paths where models lie, by name, instead of where the file says
 * @param versions what runs, for the record
 * @param fetch the path that a model's name on the hub stands for; a path as it is
 * @throws HoldfastError `E_SPEC` with all that is wrong, `E_NOT_FOUND` and `E_UNREADABLE` of the specification's own file,
 * what fetching throws
 */
export async function openStudy(
  named: string,
  paths: Readonly<Record<string, string>>,
  versions: Readonly<Record<string, string>>,
  fetch: (model: string) => Promise<string> = locateModel,
): Promise<Study> {
  const file = specFile(named);
  const text = await readSpec(file);
  const { spec: written, places } = parsePlacedSpec(text, file);
  const spec = await withFetchedModels(withModelPaths(written, paths), fetch);
  const found = await findNamed({ spec, places }, file);
  return {
    spec,
    file: named,
    text,
    versions,
    models: spec.models.map(({ name, path }) => {
      const { hash, grid } = found.models.get(name)!;
      return { name, path, hash, ...grid };
    }),
    rankings: rankingCells(spec, found),
    expand: (rankings) => expand(spec, found, rankings),
  };
}

/** A file of that name is what the person sees, and means. */
function specFile(named: string): string {
  const isName = /^[a-z][a-z-]*$/.test(named) && !existsSync(named);
  const shipped = `${SHIPPED}${named}.yaml`;
  return isName && existsSync(shipped) ? shipped : named;
}

function shippedNames(): string[] {
  return readdirSync(SHIPPED).flatMap((name) =>
    name.endsWith('.yaml') ? [name.slice(0, -'.yaml'.length)] : [],
  );
}

async function readSpec(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw readError(file, cause, `Name a file, or a study that comes along: ${shippedNames().join(', ')}`);
  }
}
