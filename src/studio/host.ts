import { layersInMeans } from '../attention/index.js';
import { presetFor, type Settings } from '../dialogue/index.js';
import { headGrid, type Model } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import { compareAnswer } from './compare.js';
import { holdOf, openJson, steerOf } from './opened.js';
import type {
  AnswerEvent,
  Column,
  ExecutorChoice,
  LoadRequest,
  ModelCard,
  ModelChoice,
  Operation,
  Operations,
  Steer,
} from './protocol.js';
import { Side } from './side.js';
import type { StudyDialogue, StudyEvent } from './study-protocol.js';

/** Where a studio gets its models. */
export interface ModelSource {
  models(): Promise<readonly ModelChoice[]>;
  /** Returns the executors to choose from; none if there is no choice. */
  executors(): Promise<readonly ExecutorChoice[]>;
  /**
   * @param report called with what is being done, for example how much is downloaded
   * @param signal stops a download, which a later one resumes
   */
  load(asked: LoadRequest, report: (progress: string) => void, signal: AbortSignal): Promise<SourcedModel>;
}

/** A model, and what its place says of it. */
export interface SourcedModel {
  readonly model: Model;
  readonly notes: readonly string[];
  /** What a server does in every answer that asks for nothing else; without it, nothing. */
  readonly settings?: Settings;
  /** Tokens that a dialogue may have; default: the model's. */
  readonly contextLength?: number;
}

/** Where a studio gets studies. */
export interface StudySource {
  studies(): Promise<readonly string[]>;
  /** Reports what is in a study's folder, and what comes, until the signal fires. */
  watch(study: string, report: (event: StudyEvent) => void, signal: AbortSignal): Promise<void>;
  dialogue(study: string, address: string): Promise<StudyDialogue>;
  report(study: string, signal: AbortSignal): Promise<void>;
}

/** Runs the operations of a studio on one model at a time. */
export interface Host {
  /**
   * Runs an operation.
   * @param report called with what the operation reports while it runs
   * @throws HoldfastError what the operation throws; `E_DISPOSED` if it needs a model, and none is loaded
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
 * @param library the version of Holdfast that saved files record
 * @param studies null where there are none
 */
export function createHost(source: ModelSource, library: string, studies: StudySource | null = null): Host {
  let loadedModel: SourcedModel | null = null;
  let lastLoad: Promise<unknown> = Promise.resolve();
  let sides: Readonly<Record<Column, Side>> | null = null;

  const loaded = (): Model => {
    if (loadedModel !== null) return loadedModel.model;
    throw new HoldfastError('E_DISPOSED', 'no model is loaded', { hint: 'Load it again' });
  };
  const side = (column: Column): Side => {
    const own = loaded();
    const tokens = loadedModel?.contextLength;
    sides ??= { untouched: new Side(own, tokens), held: new Side(own, tokens) };
    return sides[column];
  };
  const known = (): StudySource => {
    if (studies !== null) return studies;
    throw new HoldfastError('E_USAGE', 'this studio has no studies', { hint: 'Start holdfast studio' });
  };
  async function unload(): Promise<void> {
    for (const own of Object.values(sides ?? {})) own.dispose();
    sides = null;
    const { model } = loadedModel ?? {};
    loadedModel = null;
    await model?.dispose();
  }

  const operations: {
    [Name in Operation]: (
      takes: Operations[Name]['takes'],
      report: (progress: Operations[Name]['reports']) => void,
      signal: AbortSignal,
    ) => Promise<Operations[Name]['returns']>;
  } = {
    models: () => source.models(),
    executors: () => source.executors(),
    load(asked, report, signal) {
      // One after another: a model that is loaded while another is would be lost.
      const loading = lastLoad.then(async () => {
        await unload();
        loadedModel = await source.load(asked, report, signal);
        return describeModel(loadedModel);
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
    // What few dialogues need is loaded when one does: a browser fetches it over the network.
    async opentrace({ file }) {
      const { openTrace } = await import('./opened-trace.js');
      const letters = atob(file);
      const bytes = new Uint8Array(letters.length);
      for (let at = 0; at < bytes.length; at++) bytes[at] = letters.charCodeAt(at);
      return openTrace(bytes, loaded());
    },
    async hold(request) {
      const { writtenHold } = await import('./written.js');
      return writtenHold(request, loaded(), library);
    },
    async trace(request, report, signal) {
      const { writtenTrace } = await import('./written.js');
      return writtenTrace(request, loaded(), library, { report, signal });
    },
    studies: async () => (await studies?.studies()) ?? null,
    async study({ study }, report, signal) {
      await known().watch(study, report, signal);
      return null;
    },
    dialogue: ({ study, address }) => known().dialogue(study, address),
    async report({ study }, _, signal) {
      await known().report(study, signal);
      return null;
    },
  };
  return {
    run: (name, takes, report, signal) => operations[name](takes, report, signal),
    dispose: unload,
  };
}

/** @throws HoldfastError `E_TEMPLATE` for a model that cannot chat */
async function describeModel({ model, notes, settings, contextLength }: SourcedModel): Promise<ModelCard> {
  const { name, executor, format } = model;
  if (format === null) {
    throw new HoldfastError('E_TEMPLATE', `${name} has no chat template`, {
      hint: 'It may be a base model: choose an instruction-tuned one',
    });
  }
  const grid = headGrid(executor.blueprint);
  const own = settings === undefined ? { hold: null, notes: [] } : holdOf(settings, model);
  return {
    ...{ name, layers: grid.layers, heads: grid.heads },
    notes: [...notes, ...own.notes],
    executor: executor.name,
    precision: executor.precision,
    meanLayers: layersInMeans(grid),
    contextLength: contextLength ?? executor.blueprint.contextLength,
    preset: await presetOf(model),
    serverHold: own.hold,
  };
}

async function presetOf(model: Model): Promise<Steer | null> {
  const hold = await presetFor(model);
  return hold?.verdict === 'helps' ? steerOf(hold.settings, model) : null;
}
