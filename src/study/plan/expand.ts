import { HoldfastError } from '../../errors.js';
import type { Scenario, ScenarioSource } from '../../scenario/index.js';
import type { ArmSpec, ModelSpec, SourceSpec, StudySpec } from '../spec/index.js';
import { type Computed, costAddress, dialogueAddress, type ModelFacts, rankingAddress } from './address.js';
import type { Arm } from './arm.js';
import type { Cell } from './cell.js';
import { headScores } from './head-scores.js';
import type { CellLabels, CostRecord, RankingRecord } from './record.js';
import { needsRanking, resolveArm } from './resolve-arm.js';
import { versionsThatMatter } from './versions.js';

/** What a specification's names stand for. */
export interface Found {
  readonly models: ReadonlyMap<string, ModelFacts>;
  readonly sources: ReadonlyMap<string, FoundSource>;
}

export interface FoundSource {
  readonly scenarios: ScenarioSource;
  /** What the cost of arms is measured on where this source is studied, as plain JSON; only as many are used as asked for. */
  readonly heldOut: Readonly<Record<CostRecord['measure'], readonly unknown[]>>;
}

const MEASURES: readonly CostRecord['measure'][] = ['kl', 'perplexity', 'choice'];
/** More cannot be meant, and are not to be made before anybody noticed. */
const MAX_CELLS = 2_000_000;
const OFF: Arm = { name: 'off', settings: { policy: 'off' }, repeatEvery: null };

/**
 * The cells of a study: dialogues, those of one dialogue under all arms next to each other, and then costs, those of one
 * item next to each other. Two cells may have one address, where two names stand for the same: one result serves both.
 * @param rankings the records of {@link rankingCells}, with the labels of these
 * @param found sources with dialogues enough, models with the heads that are named; see {@link findNamed}
 * @throws HoldfastError `E_SPEC` when it is too much
 */
export function expand(spec: StudySpec, found: Found, rankings: readonly RankingRecord[]): readonly Cell[] {
  const pairs = pairsOf(spec, found);
  checkCount(spec, pairs);
  const studied = pairs.map((pair) => ({ pair, arms: armsFor(pair, spec, rankings) }));
  return [
    ...studied.flatMap(({ pair, arms }) => dialogueCells(spec, pair, arms)),
    ...studied.flatMap(({ pair, arms }) => costCells(spec, pair, arms)),
  ];
}

/** Dialogues of the untouched model, beyond those of the study, on which heads are ranked; none where no arm asks for it. */
export function rankingCells(spec: StudySpec, found: Found): readonly Cell[] {
  if (!spec.arms.some(needsRanking)) return [];
  const [seed = 0] = spec.seeds;
  const pairs = pairsOf(spec, found);
  return pairs.flatMap((pair) =>
    indices(rankingStart(spec, pair.source), spec.rankingDialogues).map((index) => {
      const point = { scenario: pair.scenarioAt(index), seed, index };
      const address = rankingAddress(pair.computed, point, spec);
      return cell(spec, pair, OFF, 'ranking', { seed, index }, address);
    }),
  );
}

/** A model on a source. */
interface Pair {
  readonly model: ModelSpec;
  readonly source: SourceSpec;
  readonly computed: Computed;
  readonly heldOut: FoundSource['heldOut'];
  readonly scenarioAt: (index: number) => Scenario;
}

function pairsOf(spec: StudySpec, { models, sources }: Found): Pair[] {
  const opened = spec.sources.map((source) => {
    const { scenarios, heldOut } = sources.get(source.name)!;
    return { source, heldOut, scenarioAt: remembered((index) => scenarios.at(index)) };
  });
  return spec.models.flatMap((model) => {
    const { executor } = model;
    const facts = models.get(model.name)!;
    const computed = { executor, facts, versions: versionsThatMatter(executor) };
    return opened.map((source) => ({ model, computed, ...source }));
  });
}

function remembered<T>(make: (index: number) => T): (index: number) => T {
  const made = new Map<number, T>();
  return (index) => {
    const value = made.get(index) ?? make(index);
    made.set(index, value);
    return value;
  };
}

/** Behind all dialogues that any source of this kind leads. */
export function rankingStart({ sources }: StudySpec, { kind }: SourceSpec): number {
  const alike = sources.filter((source) => source.kind === kind);
  return Math.max(...alike.map(({ first, dialogues }) => first + dialogues));
}

function checkCount(spec: StudySpec, pairs: readonly Pair[]): void {
  const ofEachArm = pairs
    .map((pair) => {
      const items = MEASURES.map((measure) => itemsOf(spec, pair, measure).length);
      return pair.source.dialogues * spec.seeds.length + items.reduce((a, b) => a + b, 0);
    })
    .reduce((a, b) => a + b, 0);
  const count = ofEachArm * spec.arms.length;
  if (count <= MAX_CELLS) return;
  throw new HoldfastError('E_SPEC', `the study comes to ${count} cells, more than ${MAX_CELLS}`, {
    hint: 'Ask for fewer dialogues, arms or seeds, or make several studies of it',
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

function dialogueCells(spec: StudySpec, pair: Pair, arms: readonly Arm[]): Cell[] {
  const { source, computed, scenarioAt } = pair;
  return spec.seeds.flatMap((seed) =>
    indices(source.first, source.dialogues).flatMap((index) =>
      arms.map((arm) => {
        const address = dialogueAddress(computed, { scenario: scenarioAt(index), seed, index }, arm, spec);
        return cell(spec, pair, arm, 'dialogue', { seed, index }, address);
      }),
    ),
  );
}

function costCells(spec: StudySpec, pair: Pair, arms: readonly Arm[]): Cell[] {
  return MEASURES.flatMap((measure) =>
    itemsOf(spec, pair, measure).flatMap((item, index) =>
      arms.map((arm) => ({
        ...cell(spec, pair, arm, 'cost', { seed: 0, index }, costAddress(pair.computed, measure, item, arm)),
        measure,
      })),
    ),
  );
}

/** As many held-out items as are asked for, or as there are. */
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

function cell(
  spec: StudySpec,
  { model, source, computed }: Pair,
  arm: Arm,
  kind: Cell['kind'],
  { seed, index }: Pick<CellLabels, 'seed' | 'index'>,
  address: string,
): Cell {
  const { sampling, maxTokens, probeRounds, costs } = spec;
  const labels = {
    model: model.name,
    executor: model.executor,
    precision: computed.facts.precision,
    source: source.name,
    arm: arm.name,
    seed,
    index,
  };
  const settings = { sampling, maxTokens, probeRounds, costs };
  return { address, kind, labels, model, source, arm, measure: null, settings };
}

function indices(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, offset) => first + offset);
}
