import { layersInMeans } from '../attention/index.js';
import { presetFor } from '../dialogue/index.js';
import { headGrid, type Model } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import { compareAnswer } from './compare.js';
import { openJson, steerOf } from './opened.js';
import type {
  AnswerEvent,
  Column,
  ModelCard,
  ModelChoice,
  Operation,
  Operations,
  Steer,
} from './protocol.js';
import { Side } from './side.js';

/** Where a studio gets its models. */
export interface ModelSource {
  models(): Promise<readonly ModelChoice[]>;
  /** @param report called with what is being done, for example how much is downloaded */
  load(
    name: string,
    report: (progress: string) => void,
  ): Promise<{ readonly model: Model; readonly notes: readonly string[] }>;
}

/** Runs the operations of a studio on one model at a time. */
export interface Host {
  /**
   * Runs an operation.
   * @param report called with what the operation reports while it runs
   * @throws HoldfastError what the operation throws; `E_USAGE` before a model is loaded
   */
  run<Name extends Operation>(
    name: Name,
    takes: Operations[Name]['takes'],
    report: (progress: Operations[Name]['reports']) => void,
    signal: AbortSignal,
  ): Promise<Operations[Name]['returns']>;
  dispose(): Promise<void>;
}

/**
 * Creates the host of a studio.
 * @param library the version of Holdfast that saved dialogues record
 */
export function createHost(source: ModelSource, library: string): Host {
  let model: Model | null = null;
  let lastLoad: Promise<unknown> = Promise.resolve();
  let sides: Readonly<Record<Column, Side>> | null = null;

  const loaded = (): Model => {
    if (model !== null) return model;
    throw new HoldfastError('E_USAGE', 'no model is loaded', { hint: 'Load a model first' });
  };
  const side = (column: Column): Side => {
    const own = loaded();
    sides ??= { untouched: new Side(own), held: new Side(own) };
    return sides[column];
  };
  async function unload(): Promise<void> {
    for (const own of Object.values(sides ?? {})) own.dispose();
    sides = null;
    await model?.dispose();
    model = null;
  }

  const operations: {
    [Name in Operation]: (
      takes: Operations[Name]['takes'],
      report: (progress: Operations[Name]['reports']) => void,
      signal: AbortSignal,
    ) => Promise<Operations[Name]['returns']>;
  } = {
    models: () => source.models(),
    load({ name }, report) {
      // One after another: a model that is loaded while another is would be lost.
      const loading = lastLoad.then(async () => {
        await unload();
        const found = await source.load(name, report);
        model = found.model;
        return describeModel(found.model, found.notes);
      });
      lastLoad = loading.catch(() => null);
      return loading;
    },
    async answer(request, report, signal) {
      for await (const event of side(request.column).answer(request, signal)) report(event);
      return null;
    },
    async strength({ column, strength }) {
      side(column).strength = strength;
      return null;
    },
    compare: (request) => compareAnswer(loaded(), request),
    async save(request, report, signal) {
      const saving = side(request.column).save(request, library, signal);
      let next: IteratorResult<AnswerEvent, unknown> = await saving.next();
      for (; !next.done; next = await saving.next()) report(next.value);
      return next.value;
    },
    open: ({ json, system }) => openJson(json, loaded(), system),
  };
  return {
    run: (name, takes, report, signal) => operations[name](takes, report, signal),
    dispose: unload,
  };
}

/** @throws HoldfastError `E_TEMPLATE` for a model that cannot chat */
async function describeModel(model: Model, notes: readonly string[]): Promise<ModelCard> {
  const { name, executor, format } = model;
  if (format === null) {
    throw new HoldfastError('E_TEMPLATE', `${name} has no chat template`, {
      hint: 'It may be a base model: choose an instruction-tuned one',
    });
  }
  const grid = headGrid(executor.blueprint);
  return {
    ...{ name, notes, layers: grid.layers, heads: grid.heads },
    executor: executor.name,
    precision: executor.precision,
    meanLayers: layersInMeans(grid),
    contextLength: executor.blueprint.contextLength,
    preset: await presetOf(model),
  };
}

async function presetOf(model: Model): Promise<Steer | null> {
  const hold = await presetFor(model);
  return hold?.verdict === 'helps' ? steerOf(hold.settings, model) : null;
}
