import { existsSync, readdirSync } from 'node:fs';
import { readText } from '../../files/index.js';
import { locateModel } from '../../hub/index.js';
import { packageFile } from '../../package.js';
import { parsePlacedSpec } from '../spec/index.js';
import { calibrationStudy } from './calibration.js';
import { expand, rankingCells, scenariosOf, sourcesOf } from './expand.js';
import { findNamed } from './find-named.js';
import { heldArmNotices } from './held-arms.js';
import { withFetchedModels, withModelPaths } from './model-paths.js';
import type { Study } from './plan.js';

/** Folder of the studies that the package includes. */
const SHIPPED = packageFile('experiments/');

/**
 * Reads a specification and finds its models and sources.
 * @param named a file, or the name of a study that the package includes
 * @param paths paths by model name, which replace those in the file
 * @param versions versions of the software, for the record
 * @param options.fetch returns the path for a hub name, and a path unchanged
 * @param options.calibrates runs the arms on the calibration dialogues instead of the test's
 * @throws HoldfastError `E_SPEC` with all problems; `E_NOT_FOUND` and `E_UNREADABLE` for the specification itself; what
 * fetching throws
 */
export async function openStudy(
  named: string,
  paths: Readonly<Record<string, string>>,
  versions: Readonly<Record<string, string>>,
  {
    fetch = locateModel,
    calibrates = false,
  }: { readonly fetch?: (model: string) => Promise<string>; readonly calibrates?: boolean } = {},
): Promise<Study> {
  const file = specFile(named);
  const hint = `Name a file, or an included study: ${shippedNames().join(', ')}`;
  const text = await readText(file, hint);
  const { spec: written, places, notices, holds } = parsePlacedSpec(text, file);
  const tested = await withFetchedModels(withModelPaths(written, paths), fetch);
  const found = await findNamed({ spec: tested, places }, file, calibrates);
  const spec = calibrates ? calibrationStudy(tested, scenariosOf(found)) : tested;
  return {
    spec,
    calibrates,
    file: named,
    text,
    notices: [...notices, ...heldArmNotices({ holds, places }, found.models, file)],
    versions,
    models: spec.models.map(({ name, path }) => {
      const { hash, grid, size, mayWriteTime } = found.models.get(name)!;
      return { name, path, hash, ...grid, size, mayWriteTime };
    }),
    sources: sourcesOf(spec, found),
    cellsAt: (now) => ({
      rankings: rankingCells(tested, found, now),
      expand: (rankings) => expand(spec, found, now, rankings),
    }),
  };
}

/** Returns the path of a specification. An existing file takes precedence over an included study of the same name. */
function specFile(named: string): string {
  const isName = /^[a-z][a-z0-9-]*$/.test(named) && !existsSync(named);
  const shipped = `${SHIPPED}${named}.yaml`;
  return isName && existsSync(shipped) ? shipped : named;
}

function shippedNames(): string[] {
  return readdirSync(SHIPPED).flatMap((name) =>
    name.endsWith('.yaml') ? [name.slice(0, -'.yaml'.length)] : [],
  );
}
