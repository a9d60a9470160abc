import type {
  CellRecord,
  ChanceAnswer,
  ChanceRecord,
  CostRecord,
  DialogueRecord,
  InfluenceRecord,
  ProbeRecord,
  ReferenceRecord,
  RoundRecord,
} from '../plan/index.js';

/** A value in a table, of a type that Parquet, data frames and SQL all have. */
export type Value = string | number | boolean | null;

/** A column of a table. */
export interface Column<Row> {
  readonly name: string;
  readonly type: 'STRING' | 'INT32' | 'DOUBLE' | 'BOOLEAN';
  /** Whether the value may be null. */
  readonly nullable: boolean;
  readonly value: (row: Row) => Value;
}

/** A table of results: the rows of a record, and their columns. `docs/guide/study-results.md` documents the tables. */
export interface Table<Row> {
  readonly name: string;
  readonly rows: (result: Result) => Iterable<Row>;
  readonly columns: readonly Column<Row>[];
}

/** A cell's record with the labels of the current plan. */
export interface Result {
  readonly address: string;
  readonly record: CellRecord;
  /** Query heads per layer of its model. Lists of heads are layer by layer. */
  readonly headsPerLayer: number;
}

function column<Row>(
  name: string,
  type: Column<Row>['type'],
  value: (row: Row) => Value,
  nullable: 'nullable' | 'required' = 'required',
): Column<Row> {
  // Records of older versions lack some values.
  return { name, type, value: (row) => value(row) ?? null, nullable: nullable === 'nullable' };
}

interface OfCell {
  readonly result: Result;
}

/** The first columns of every table, which identify the cell. */
const labels = <Row extends OfCell>(): readonly Column<Row>[] => [
  column('cell', 'STRING', ({ result }) => result.address),
  column('model', 'STRING', ({ result }) => result.record.model),
  column('executor', 'STRING', ({ result }) => result.record.executor),
  column('precision', 'STRING', ({ result }) => result.record.precision),
  column('source', 'STRING', ({ result }) => result.record.source),
  column('arm', 'STRING', ({ result }) => result.record.arm),
  column('seed', 'INT32', ({ result }) => result.record.seed),
  column('index', 'INT32', ({ result }) => result.record.index),
];

interface RoundRow extends OfCell {
  readonly dialogue: DialogueRecord;
  readonly round: RoundRecord;
}

/** One row per round of a dialogue. */
export const ROUNDS: Table<RoundRow> = {
  name: 'rounds',
  *rows(result) {
    const { record } = result;
    if (record.kind !== 'dialogue') return;
    for (const round of record.rounds) yield { result, dialogue: record, round };
  },
  columns: [
    ...labels<RoundRow>(),
    column('scenario', 'STRING', ({ dialogue }) => dialogue.scenario),
    column('group', 'STRING', ({ dialogue }) => dialogue.group),
    column('system', 'STRING', ({ dialogue }) => dialogue.system),
    column('round', 'INT32', ({ round }) => round.round),
    column('user', 'STRING', ({ round }) => round.user),
    column('answer', 'STRING', ({ round }) => round.answer),
    column('finished', 'BOOLEAN', ({ round }) => round.finished),
    column('contextTokens', 'INT32', ({ round }) => round.contextTokens),
    column('systemTokens', 'INT32', ({ round }) => round.systemTokens, 'nullable'),
    column('strength', 'DOUBLE', ({ round }) => round.strength, 'nullable'),
    column('notice', 'STRING', ({ round }) => round.notice, 'nullable'),
    column('shareBefore', 'DOUBLE', ({ round }) => round.share.before, 'nullable'),
    column('shareAfter', 'DOUBLE', ({ round }) => round.share.after, 'nullable'),
    column('spreadMean', 'DOUBLE', ({ round }) => round.spread?.mean ?? null, 'nullable'),
    column('spreadMedian', 'DOUBLE', ({ round }) => round.spread?.median ?? null, 'nullable'),
    column('spreadNinetieth', 'DOUBLE', ({ round }) => round.spread?.ninetieth ?? null, 'nullable'),
    column('spreadAbove', 'DOUBLE', ({ round }) => round.spread?.above ?? null, 'nullable'),
    column('spreadBelow', 'DOUBLE', ({ round }) => round.spread?.below ?? null, 'nullable'),
    column('sinkShare', 'DOUBLE', ({ round }) => round.controls.sink, 'nullable'),
    column('templateShare', 'DOUBLE', ({ round }) => round.controls.template, 'nullable'),
    column('randomShare', 'DOUBLE', ({ round }) => round.controls.random, 'nullable'),
    column('obedience', 'DOUBLE', ({ round }) => round.obedience, 'nullable'),
    column('ability', 'DOUBLE', ({ round }) => round.ability, 'nullable'),
    column('fluency', 'DOUBLE', ({ round }) => round.fluency),
    column('dialogueForwardedTokens', 'INT32', ({ dialogue }) => dialogue.forwardedTokens),
    column('dialogueForwardPasses', 'INT32', ({ dialogue }) => dialogue.forwardPasses),
    column(
      'dialogueRecomputedTokens',
      'INT32',
      ({ dialogue }) => dialogue.recomputedTokens ?? null,
      'nullable',
    ),
  ],
};

interface ProbeRow extends RoundRow {
  readonly probe: ProbeRecord;
}

/** One row per probe. */
export const PROBES: Table<ProbeRow> = {
  name: 'probes',
  *rows(result) {
    for (const row of ROUNDS.rows(result)) {
      for (const probe of row.round.probes) yield { ...row, probe };
    }
  },
  columns: [
    ...labels<ProbeRow>(),
    column('scenario', 'STRING', ({ dialogue }) => dialogue.scenario),
    column('group', 'STRING', ({ dialogue }) => dialogue.group),
    column('system', 'STRING', ({ dialogue }) => dialogue.system),
    column('round', 'INT32', ({ round }) => round.round),
    column('label', 'STRING', ({ probe }) => probe.label),
    column('question', 'STRING', ({ probe }) => probe.question),
    column('rule', 'STRING', ({ probe }) => probe.rule, 'nullable'),
    column('repeat', 'INT32', ({ probe }) => probe.repeat ?? 1),
    column('answer', 'STRING', ({ probe }) => probe.answer),
    column('score', 'DOUBLE', ({ probe }) => probe.score),
  ],
};

interface ChanceRow extends OfCell {
  readonly chance: ChanceRecord;
  readonly asked: ChanceAnswer;
}

/** One row per answer to a probe without its prompt. */
export const CHANCE: Table<ChanceRow> = {
  name: 'chance',
  *rows(result) {
    const { record } = result;
    if (record.kind !== 'chance') return;
    for (const asked of record.answers) yield { result, chance: record, asked };
  },
  columns: [
    ...labels<ChanceRow>(),
    column('scenario', 'STRING', ({ chance }) => chance.scenario),
    column('group', 'STRING', ({ chance }) => chance.group),
    column('label', 'STRING', ({ asked }) => asked.label),
    column('question', 'STRING', ({ asked }) => asked.question),
    column('rule', 'STRING', ({ asked }) => asked.rule, 'nullable'),
    column('repeat', 'INT32', ({ asked }) => asked.repeat ?? 1),
    column(
      'under',
      'STRING',
      ({ chance, asked }) => (asked.under === 'none' ? null : chance.unrelated!.id),
      'nullable',
    ),
    column('answer', 'STRING', ({ asked }) => asked.answer),
    column('score', 'DOUBLE', ({ asked }) => asked.score),
  ],
};

interface CostRow extends OfCell {
  readonly cost: CostRecord;
}

/** One row per cost cell. */
export const COSTS: Table<CostRow> = {
  name: 'costs',
  *rows(result) {
    if (result.record.kind === 'cost') yield { result, cost: result.record };
  },
  columns: [
    ...labels<CostRow>(),
    column('measure', 'STRING', ({ cost }) => cost.measure),
    column('item', 'STRING', ({ cost }) => cost.item),
    column('sum', 'DOUBLE', ({ cost }) => cost.sum),
    column('count', 'INT32', ({ cost }) => cost.count),
  ],
};

interface InfluenceRow extends OfCell {
  readonly influence: InfluenceRecord;
  readonly reference: ReferenceRecord;
  readonly measured: ReferenceRecord['rounds'][number];
}

/** One row per round and reference of an influence cell. */
export const INFLUENCE: Table<InfluenceRow> = {
  name: 'influence',
  *rows(result) {
    const { record } = result;
    if (record.kind !== 'influence') return;
    for (const reference of record.references) {
      for (const measured of reference.rounds) yield { result, influence: record, reference, measured };
    }
  },
  columns: [
    ...labels<InfluenceRow>(),
    column('scenario', 'STRING', ({ influence }) => influence.scenario),
    column('system', 'STRING', ({ influence }) => influence.system),
    column('effect', 'STRING', ({ influence }) => influence.effect ?? 'direct'),
    column('reference', 'STRING', ({ reference }) => reference.name),
    column('referenceSystem', 'STRING', ({ reference }) => reference.system, 'nullable'),
    column('round', 'INT32', ({ measured }) => measured.round),
    column('sum', 'DOUBLE', ({ measured }) => measured.sum),
    column('count', 'INT32', ({ measured }) => measured.count),
    column('dialogueForwardedTokens', 'INT32', ({ influence }) => influence.forwardedTokens),
    column('dialogueForwardPasses', 'INT32', ({ influence }) => influence.forwardPasses),
  ],
};

interface HeadRow extends OfCell {
  readonly scenario: string;
  readonly round: number;
  readonly at: number;
  readonly share: number | null;
}

/** One row per head and round. */
export const HEADS: Table<HeadRow> = {
  name: 'heads',
  *rows(result) {
    for (const { scenario, round, shares } of headShares(result.record)) {
      for (const [at, share] of shares.entries()) yield { result, scenario, round, at, share };
    }
  },
  columns: [
    ...labels<HeadRow>(),
    column('kind', 'STRING', ({ result }) => result.record.kind),
    column('scenario', 'STRING', ({ scenario }) => scenario),
    column('round', 'INT32', ({ round }) => round),
    column('layer', 'INT32', ({ result, at }) => Math.floor(at / result.headsPerLayer)),
    column('head', 'INT32', ({ result, at }) => at % result.headsPerLayer),
    column('share', 'DOUBLE', ({ share }) => share, 'nullable'),
  ],
};

/** Returns the shares by head, `[layers × heads]`, of every round of a record; nothing for records without them. */
function headShares(record: CellRecord): readonly {
  readonly scenario: string;
  readonly round: number;
  readonly shares: readonly (number | null)[];
}[] {
  if (record.kind === 'dialogue') {
    const { scenario, rounds } = record;
    return rounds.map(({ round, heads }) => ({ scenario, round, shares: heads }));
  }
  if (record.kind === 'ranking') {
    const { scenario, heads } = record;
    return heads.map((shares, index) => ({ scenario, round: index + 1, shares }));
  }
  return [];
}
