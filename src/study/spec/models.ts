import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { PRECISIONS, type Precision } from '../../executors/index.js';
import { takesOption } from '../../executors/registry.js';
import { isHubName } from '../../hub/index.js';
import { EMBEDDED_MODELS, EXECUTORS, type ExecutorName } from '../../load.js';
import {
  namedList,
  number,
  oneOf,
  type Placed,
  type Reader,
  type Readers,
  type Report,
  readFields,
  text,
} from './read-value.js';
import type { Locate } from './sources.js';
import type { ModelSpec, TrainedModel } from './spec.js';
import type { Tree } from './yaml-tree.js';

/** The model of a specification that names no model. */
export const EMBEDDED: ModelSpec = {
  name: 'organism',
  path: 'organism',
  executor: 'cpu',
  precision: 'auto',
};

interface ModelFields {
  readonly name: string;
  readonly path: string;
  readonly executor: ExecutorName;
  readonly precision: Precision;
  readonly trained: TrainedModel;
}

const readers: Readers<ModelFields> = {
  name: text,
  path: text,
  executor: oneOf(EXECUTORS),
  precision: oneOf(PRECISIONS),
  trained,
};

/** Reads one model or a list of them, each a path or a mapping. Names are unique. */
export const modelList = (locate: Locate): Reader<readonly Placed<ModelSpec>[]> =>
  namedList(model(locate), 'model');

function model(locate: Locate): Reader<ModelSpec> {
  return (tree, report) => {
    if (tree.kind === 'scalar') {
      const path = text(tree, report);
      return path === undefined ? undefined : complete({ path }, locate);
    }
    const fields = readFields(tree, readers, report, ['path']);
    const { executor, precision } = fields ?? {};
    if (executor !== undefined && precision !== undefined && !takesOption(executor, 'precision')) {
      report({ ...tree.at, text: `precision: the ${executor} executor takes no precision` });
    }
    return fields?.path === undefined ? undefined : complete({ ...fields, path: fields.path }, locate);
  };
}

/** Reads the recipe and the seed that a model was trained by. */
function trained(tree: Tree, report: Report): TrainedModel | undefined {
  const readers = { recipe: text, seed: number({ from: 0, to: Number.MAX_SAFE_INTEGER, whole: true }) };
  const { recipe, seed } = readFields<TrainedModel>(tree, readers, report, ['recipe', 'seed']) ?? {};
  return recipe === undefined || seed === undefined ? undefined : { recipe, seed };
}

/** Returns whether `path` names an embedded model, or a model on the hub while no file or folder of that name exists. */
function isName(path: string, locate: Locate): boolean {
  return EMBEDDED_MODELS.has(path) || (isHubName(path) && !existsSync(locate(path)));
}

function complete(fields: Partial<ModelFields> & { readonly path: string }, locate: Locate): ModelSpec {
  const { path, executor = 'cpu', precision = 'auto' } = fields;
  return {
    name: fields.name ?? basename(path).replace(/\.(gguf|safetensors)$/, ''),
    path: isName(path, locate) ? path : locate(path),
    executor,
    precision: takesOption(executor, 'precision') ? precision : null,
    ...(fields.trained && { trained: fields.trained }),
  };
}
