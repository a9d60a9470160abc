import { HoldfastError } from '../../errors.js';
import type { Scenario, ScenarioSource } from '../../scenario/index.js';
import type { Moment } from '../../text/index.js';
import {
  type ArmSpec,
  type MeasuredPart,
  type ModelSpec,
  measures,
  type SourceSpec,
  type StudySpec,
} from '../spec/index.js';
import {
  type Computed,
  chanceAddress,
  costAddress,
  dialogueAddress,
  type ModelFacts,
  rankingAddress,
} from './address.js';
import { type Arm, UNTOUCHED } from './arm.js';
import { calibrationStudy, needsCalibration, testIndices } from './calibration.js';
import type { Cell } from './cell.js';
import { headScores } from './head-scores.js';
import { influenceCells, measuredIndices, totalInfluenceCells } from './influence-cells.js';
import { makeCell } from './make-cell.js';
import type { StudySource } from './plan.js';
import { probesIn, probesOf } from './probes.js';
import type { CostRecord, RankingRecord } from './record.js';
import { resolveArm } from './resolve-arm.js';
import { versionsThatMatter } from './versions.js';

/** The models and sources of a specification, by name. */
export interface Found {
  readonly models: ReadonlyMap<string, ModelFacts>;
  readonly sources: ReadonlyMap<string, FoundSource>;
}

/** A source of dialogues and the items that costs are measured on. */
export interface FoundSource {
  readonly scenarios: ScenarioSource;
  /** Held-out items by measure, as plain JSON. Only as many are used as the specification asks for. */
  readonly heldOut: Readonly<Record<CostRecord['measure'], readonly unknown[]>>;
}

const MEASURES: readonly CostRecord['measure'][] = ['kl', 'perplexity', 'choice'];
/**
 * More dialogues, costs and influences are surely a mistake, which must be reported before they are created. Each dialogue has at most
 * one more cell, for chance.
 */
const MAX_CELLS = 2_000_000;

/**
 * Returns the cells of a study: dialogues first, then costs, chance and influence. The arms of one dialogue or item are next to each other.
 * Two cells have the same address if they do the same work under two names; one result then serves both. A cell is made when it
 * is asked for, so a plan that is only written takes no memory; the cells can be gone through once.
 * @param found models and sources that {@link findNamed} has checked
 * @param now the date and time of the study
 * @param rankings the records of {@link rankingCells}
 * @throws HoldfastError `E_SPEC` when there are too many cells
 */
export function expand(
  spec: StudySpec,
  found: Found,
  now: Moment,
  rankings: readonly RankingRecord[],
): Iterable<Cell> {
  const pairs = pairsOf(spec, found, now);
  checkCount(spec, pairs);
  const studied = pairs.map((pair) => ({ pair, arms: armsFor(pair, spec, rankings) }));
  return cellsOf(spec, studied);
}

/** A model and a source with the arms of a study. */
interface Studied {
  readonly pair: Pair;
  /** All arms, in the order of the specification. */
  readonly arms: readonly Arm[];
}

function* cellsOf(spec: StudySpec, studied: readonly Studied[]): Generator<Cell> {
  for (const { pair, arms } of studied) yield* dialogueCells(spec, pair, thoseWith('dialogues', arms, spec));
  for (const { pair, arms } of studied) yield* costCells(spec, pair, thoseWith('costs', arms, spec));
  for (const { pair } of studied) yield* chanceCells(spec, pair);
  for (const { pair, arms } of studied) yield* influenceCells(spec, pair, thoseWith('influence', arms, spec));
  for (const { pair, arms } of studied) {
    const influenced = new Set(thoseWith('influence', arms, spec));
    const led = thoseWith('dialogues', arms, spec);
    yield* totalInfluenceCells(
      spec,
      pair,
      led.filter((arm) => influenced.has(arm)),
    );
  }
}

/** Returns the arms of which a part is measured, given all arms in the order of the specification. */
function thoseWith(part: MeasuredPart, arms: readonly Arm[], spec: StudySpec): Arm[] {
  return arms.filter((_, at) => measures(spec.arms[at]!, part));
}

/**
 * Returns the cells on which heads are ranked: calibration dialogues of the untouched model ({@link calibrationOf}). None if
 * no arm needs a ranking.
 */
export function rankingCells(spec: StudySpec, found: Found, now: Moment): readonly Cell[] {
  if (!needsCalibration(spec)) return [];
  const [seed = 0] = spec.seeds;
  const scenarios = scenariosOf(found);
  const calibrated = calibrationStudy(spec, scenarios);
  return pairsOf({ ...spec, sources: calibrated.sources }, found, now).flatMap((pair) =>
    testIndices(pair.source).map((index) => {
      const point = { scenario: pair.scenarioAt(index), seed, index };
      const address = rankingAddress(pair.computed, point, spec);
      return makeCell(pair, UNTOUCHED, { kind: 'ranking', seed, index, address });
    }),
  );
}

/** Returns the scenarios of every source, by name. */
export function scenariosOf({ sources }: Found): ReadonlyMap<string, ScenarioSource> {
  return new Map([...sources].map(([name, { scenarios }]) => [name, scenarios]));
}

/** A model and a source. */
interface Pair {
  readonly model: ModelSpec;
  readonly source: SourceSpec;
  readonly computed: Computed;
  readonly settings: Cell['settings'];
  readonly heldOut: FoundSource['heldOut'];
  readonly scenarioAt: (index: number) => Scenario;
}

function pairsOf(spec: StudySpec, { models, sources }: Found, now: Moment): Pair[] {
  const { sampling, maxTokens, probeRounds, probeRepeats, costs } = spec;
  const settings = { sampling, maxTokens, probeRounds, probeRepeats, costs };
  const opened = spec.sources.map((source) => {
    const { scenarios, heldOut } = sources.get(source.name)!;
    return { source, settings, heldOut, scenarioAt: (index: number) => scenarios.at(index) };
  });
  return spec.models.flatMap((model) => {
    const { executor } = model;
    const facts = models.get(model.name)!;
    const computed = { executor, facts, versions: versionsThatMatter(executor), now };
    return opened.map((source) => ({ model, computed, ...source }));
  });
}

function checkCount(spec: StudySpec, pairs: readonly Pair[]): void {
  const ofEachArm = pairs
    .map((pair) => {
      const items = MEASURES.map((measure) => itemsOf(spec, pair, measure).length);
      const measured = spec.influence === null ? [] : measuredIndices(spec.influence, pair.source);
      const effects = spec.influence?.total === undefined ? 1 : 2;
      const led = (pair.source.dialogues + effects * measured.length) * spec.seeds.length;
      return led + items.reduce((a, b) => a + b, 0);
    })
    .reduce((a, b) => a + b, 0);
  const count = ofEachArm * spec.arms.length;
  if (count <= MAX_CELLS) return;
  throw new HoldfastError('E_SPEC', `the study has ${count} cells, more than ${MAX_CELLS}`, {
    hint: 'Use fewer dialogues, arms or seeds, or split it into several studies',
  });
}

/** Returns what each source of a study offers. */
export function sourcesOf(spec: StudySpec, { sources }: Found): StudySource[] {
  return spec.sources.map((source) => {
    const { scenarios, heldOut } = sources.get(source.name)!;
    const prompts = new Set<string>();
    let probed = false;
    for (const index of testIndices(source)) {
      const scenario = scenarios.at(index);
      prompts.add(scenario.system);
      probed ||= probesOf(scenario, spec).length > 0;
    }
    const { kl, perplexity, choice } = spec.costs;
    // All questions are asked for if their number is not given.
    const asked = {
      kl,
      perplexity,
      choice: choice === null ? 0 : (choice.questions ?? heldOut.choice.length),
    };
    const counts = (measure: CostRecord['measure']) => ({
      asked: asked[measure],
      found: Math.min(asked[measure], heldOut[measure].length),
    });
    return {
      name: source.name,
      dialogues: source.dialogues,
      prompts: prompts.size,
      probed,
      heldOut: { kl: counts('kl'), perplexity: counts('perplexity'), choice: counts('choice') },
    };
  });
}

function armsFor(
  { model, source, computed }: Pair,
  spec: StudySpec,
  rankings: readonly RankingRecord[],
): Arm[] {
  const records = rankings.filter((record) => record.model === model.name && record.source === source.name);
  const scores = records.length === 0 ? null : headScores(records, spec);
  return spec.arms.map((arm: ArmSpec) => resolveArm(arm, computed.facts, scores));
}

function* dialogueCells(spec: StudySpec, pair: Pair, arms: readonly Arm[]): Generator<Cell> {
  const { source, computed, scenarioAt } = pair;
  for (const seed of spec.seeds) {
    for (const index of testIndices(source)) {
      const scenario = scenarioAt(index);
      const probes = askedProbes(scenario, spec);
      for (const arm of arms) {
        const address = dialogueAddress(computed, { scenario, seed, index }, arm, spec);
        yield makeCell(pair, arm, { kind: 'dialogue', seed, index, address, probes });
      }
    }
  }
}

function* costCells(spec: StudySpec, pair: Pair, arms: readonly Arm[]): Generator<Cell> {
  for (const measure of MEASURES) {
    for (const [index, item] of itemsOf(spec, pair, measure).entries()) {
      for (const arm of arms) {
        const address = costAddress(pair.computed, measure, item, arm);
        yield makeCell(pair, arm, { kind: 'cost', measure, seed: 0, index, address });
      }
    }
  }
}

/** Returns the number of answers to probes in a dialogue. */
function askedProbes(scenario: Scenario, { probeRounds, probeRepeats }: StudySpec): number {
  const rounds = probeRounds.filter((round) => round <= scenario.rounds);
  return rounds.reduce((sum, round) => sum + probesIn(scenario, round).length * probeRepeats, 0);
}

/** Yields a cell for each dialogue that asks a probe. Seeds of a dialogue share it: its own is that of the first. */
function* chanceCells(spec: StudySpec, pair: Pair): Generator<Cell> {
  const { source, computed, scenarioAt } = pair;
  const [seed = 0] = spec.seeds;
  for (const index of testIndices(source)) {
    const scenario = scenarioAt(index);
    const probes = probesOf(scenario, spec).length * spec.probeRepeats;
    if (probes === 0) continue;
    const address = chanceAddress(computed, { scenario, seed, index }, spec);
    yield makeCell(pair, UNTOUCHED, { kind: 'chance', seed, index, address, probes });
  }
}

/** Returns the held-out items of a measure: as many as the study asks for, or all if there are fewer. */
function itemsOf(
  { costs }: StudySpec,
  { heldOut }: Pair,
  measure: CostRecord['measure'],
): readonly unknown[] {
  const asked = {
    kl: costs.kl,
    perplexity: costs.perplexity,
    choice: costs.choice === null ? 0 : costs.choice.questions,
  };
  return heldOut[measure].slice(0, asked[measure] ?? undefined);
}
