import { type FreePlaces, NO_PLACES } from '../../dialogue/index.js';
import type { Model } from '../../engine/index.js';
import { HoldfastError } from '../../errors.js';
import type {
  Cell,
  CellLabels,
  CellTiming,
  ChanceRecord,
  CostRecord,
  DialogueRecord,
  InfluenceRecord,
  RankingRecord,
} from '../plan/index.js';
import { type OpenedSource, openSource } from '../plan/index.js';
import { askChance } from './ask-chance.js';
import { rounded, roundedSums } from './digits.js';
import { influenceOn } from './influence.js';
import { leadDialogue } from './lead-dialogue.js';
import { type Cost, divergence, negativeLogLikelihood, rightAnswer } from './measure-costs.js';
import { rankHeads } from './rank-heads.js';
import { SharedTime, type TimeShare } from './shared-time.js';
import { timedModel } from './timed-model.js';

/** The result of a cell. */
export interface CellResult {
  readonly record: DialogueRecord | CostRecord | InfluenceRecord | RankingRecord | ChanceRecord;
  readonly timing: CellTiming;
}

interface Computed {
  readonly record:
    | Omit<DialogueRecord, keyof CellLabels>
    | Omit<CostRecord, keyof CellLabels>
    | Omit<InfluenceRecord, keyof CellLabels>
    | Omit<RankingRecord, keyof CellLabels>
    | Omit<ChanceRecord, keyof CellLabels>;
  readonly decodedTokens: number;
}

/** A model and the clock of the cells that it computes. */
interface TimedModel {
  readonly model: Model;
  readonly time: SharedTime;
}

/** One timed model per model: all cells use the same object, and so the same sessions (see `lease.ts`). */
const timed = new WeakMap<Model, TimedModel>();

function timedOf(model: Model): TimedModel {
  const known = timed.get(model);
  if (known !== undefined) return known;
  const time = new SharedTime();
  const added = { model: timedModel(model, time), time };
  timed.set(model, added);
  return added;
}

/**
 * Computes one cell of a study. On the same machine its record always has the same bytes, also if the model computes
 * other cells at the same time.
 * @param places where there are more, several probes of a dialogue are asked at once; no result depends on it
 * @throws HoldfastError what opening its source and running the model throw
 */
export async function runCell(model: Model, cell: Cell, places: FreePlaces = NO_PLACES): Promise<CellResult> {
  const { model: metered, time } = timedOf(model);
  const end = time.begin();
  let computed: Computed;
  let share: TimeShare;
  try {
    computed = await compute(metered, cell, places);
  } finally {
    share = end();
  }
  const { record, decodedTokens } = computed;
  const { device } = model.executor;
  return {
    record: { ...cell.labels, ...record },
    timing: { address: cell.address, ...share, decodedTokens, ...(device === undefined ? {} : { device }) },
  };
}

async function compute(model: Model, cell: Cell, places: FreePlaces): Promise<Computed> {
  const { kind, labels, arm, settings, now } = cell;
  const { scenarios } = sourceOf(cell);
  const lead = { ...settings, seed: labels.seed, index: labels.index, now };
  switch (kind) {
    case 'dialogue':
      return leadDialogue(model, scenarios.at(labels.index), arm, lead, places);
    case 'ranking':
      return rankHeads(model, scenarios.at(labels.index), lead);
    case 'chance':
      return askChance(model, scenarios.at(labels.index), lead, places);
    case 'cost':
      return { record: await measureCost(model, cell), decodedTokens: 0 };
    case 'influence':
      return { record: await influenceOn(model, scenarios.at(labels.index), cell), decodedTokens: 0 };
  }
}

async function measureCost(model: Model, cell: Cell): Promise<Omit<CostRecord, keyof CellLabels>> {
  const { heldOut } = sourceOf(cell);
  const { index } = cell.labels;
  const { arm, measure, now } = cell;
  const record = (item: string, { sum, count }: Cost) => ({
    kind: 'cost' as const,
    measure: measure!,
    item,
    sum: rounded(sum),
    count,
  });
  switch (measure) {
    case 'kl': {
      const dialogue = itemOf(heldOut.kl, index);
      const { rounds, ...whole } = await divergence(model, dialogue, arm, now);
      return {
        ...record(dialogue.id, whole),
        rounds: roundedSums(rounds),
      };
    }
    case 'perplexity': {
      const dialogue = itemOf(heldOut.perplexity, index);
      return record(dialogue.id, await negativeLogLikelihood(model, dialogue, arm, now));
    }
    case 'choice':
      return record(`question-${index}`, await rightAnswer(model, itemOf(heldOut.choice, index), arm, now));
    case null:
      throw new HoldfastError('E_USAGE', 'a cost cell needs a measure', { field: 'measure' });
  }
}

function itemOf<Item>(items: readonly Item[], index: number): Item {
  const item = items[index];
  if (item === undefined) {
    throw new HoldfastError('E_USAGE', `no held-out item ${index}: there are ${items.length}`, {
      field: 'index',
    });
  }
  return item;
}

const opened = new Map<string, OpenedSource>();

/** Returns the source of a cell. Each thread opens a source only once, since a study has many cells and few sources. */
function sourceOf({ source, settings: { costs } }: Cell): OpenedSource {
  const key = JSON.stringify([source, costs]);
  const known = opened.get(key) ?? openSource(source, costs);
  opened.set(key, known);
  return known;
}
