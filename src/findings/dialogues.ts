import { sharedTexts } from '../shared-texts.js';
import type { DialogueRecord, ProbeRecord, RoundRecord } from '../study/index.js';
import { createCodes, integers, numbers } from './growing.js';

/** A dialogue without its texts. Its rounds are rows of {@link Rounds}, which all dialogues of its arm share. */
export interface Dialogue {
  /** Number of its record in the study. */
  readonly at: number;
  readonly arm: string;
  readonly seed: number;
  readonly index: number;
  readonly group: string;
  /** The system prompt, which statistics cluster by. */
  readonly system: string;
  /** Its index, seed and scenario: the same for the same dialogue under other arms. */
  readonly key: string;
  /** Number of its index and scenario: the same for all seeds. */
  readonly scenario: number;
  readonly rounds: Rounds;
  /** Its first row, and the first of the next dialogue. */
  readonly from: number;
  readonly to: number;
  readonly forwardedTokens: number;
  readonly forwardPasses: number;
  /** Undefined for arms without a clean cache. */
  readonly recomputedTokens: number | undefined;
  /** NaN without a timing. */
  readonly totalMs: number;
  readonly decodedTokens: number;
}

/** The numbers of a round; NaN for one that was not measured. */
const MEASURED = {
  contextTokens: ({ contextTokens }) => contextTokens,
  systemTokens: ({ systemTokens }) => systemTokens,
  before: ({ share }) => share.before,
  after: ({ share }) => share.after,
  median: ({ spread }) => spread?.median,
  ninetieth: ({ spread }) => spread?.ninetieth,
  above: ({ spread }) => spread?.above,
  below: ({ spread }) => spread?.below,
  sink: ({ controls }) => controls.sink,
  template: ({ controls }) => controls.template,
  random: ({ controls }) => controls.random,
  obedience: ({ obedience }) => obedience,
  ability: ({ ability }) => ability,
  fluency: ({ fluency }) => fluency,
} satisfies Readonly<Record<string, (round: RoundRecord) => number | null | undefined>>;

/** The name of a number that a round has. */
export type Measured = keyof typeof MEASURED;

const NAMES = Object.keys(MEASURED) as readonly Measured[];

/**
 * The rounds of an arm's dialogues in columns, `[rows]`, and their probes, `[probes]`. A million records fit into memory this way,
 * and what is computed of an arm reads one part of it from the start to the end.
 */
export interface Rounds {
  /** Number of the round in its dialogue, from 1. */
  readonly round: Int32Array;
  readonly measured: Readonly<Record<Measured, Float64Array>>;
  /** The first probe of each row, `[rows + 1]`. */
  readonly probesFrom: Int32Array;
  /** Of each probe: the number of its label and question, and its score. */
  readonly asked: Int32Array;
  readonly score: Float64Array;
  /** The labels of probes, by the number of label and question: the same for all arms. */
  readonly labels: readonly string[];
  /** Why a policy did not do what it was asked to, by row. */
  readonly notices: ReadonlyMap<number, string>;
  /** Each head's share of the prompt, `[layers × heads]`, by row; NaN for a head without one. Of the baseline arm alone. */
  readonly heads: ReadonlyMap<number, Float64Array>;
}

/** Collects dialogues. */
export interface DialogueCollector {
  /** The dialogues that were added. Their rounds are there once all have been. */
  readonly dialogues: readonly Dialogue[];
  add(record: DialogueRecord, at: number, timing: Timing | undefined): void;
  /** Returns the number of a dialogue's index and scenario. */
  scenarioOf(record: Pick<DialogueRecord, 'index' | 'scenario'>): number;
  /** Returns the number of a probe's label and question. */
  askedOf(probe: Pick<ProbeRecord, 'label' | 'question'>): number;
  /** Makes the columns of all rounds, and returns the dialogues. */
  finish(): readonly Dialogue[];
}

/** How long a dialogue took. */
export interface Timing {
  readonly totalMs: number;
  readonly decodedTokens: number;
}

const UNTIMED: Timing = { totalMs: Number.NaN, decodedTokens: Number.NaN };

/** Returns a collector of dialogues. @param baseline the arm whose heads are kept */
export function collectDialogues(baseline: string): DialogueCollector {
  const shared = sharedTexts();
  const [scenarios, questions] = [createCodes(), createCodes()];
  const dialogues: Dialogue[] = [];
  const labels: string[] = [];
  const arms = new Map<string, RoundsCollector>();

  const askedOf: DialogueCollector['askedOf'] = ({ label, question }) => {
    const code = questions(JSON.stringify([label, question]));
    labels[code] ??= label;
    return code;
  };
  const scenarioOf: DialogueCollector['scenarioOf'] = ({ index, scenario }) =>
    scenarios(`${index} ${scenario}`);
  const collectorOf = (arm: string): RoundsCollector => {
    const collector =
      arms.get(arm) ?? collectRounds({ labels, askedOf, shared, keepsHeads: arm === baseline });
    arms.set(arm, collector);
    return collector;
  };
  return {
    dialogues,
    askedOf,
    scenarioOf,
    add(record, at, { totalMs, decodedTokens } = UNTIMED) {
      const { arm, seed, index, forwardedTokens, forwardPasses, recomputedTokens } = record;
      const { rounds, add } = collectorOf(arm);
      const [from, to] = add(record.rounds);
      dialogues.push({
        at,
        arm: shared(arm),
        seed,
        index,
        group: shared(record.group),
        system: shared(record.system),
        key: shared(`${index} ${seed} ${record.scenario}`),
        scenario: scenarioOf(record),
        rounds,
        from,
        to,
        forwardedTokens,
        forwardPasses,
        recomputedTokens,
        totalMs,
        decodedTokens,
      });
    },
    finish() {
      for (const { finish } of arms.values()) finish();
      return dialogues;
    },
  };
}

/** Collects the rounds of an arm. */
interface RoundsCollector {
  /** The columns, which are there once all rounds have been added. */
  readonly rounds: Rounds;
  /** Adds the rounds of a dialogue. Returns its first row, and the first of the next dialogue. */
  add(records: readonly RoundRecord[]): readonly [from: number, to: number];
  finish(): void;
}

interface RoundsOptions extends Pick<Rounds, 'labels'>, Pick<DialogueCollector, 'askedOf'> {
  /** Returns the first copy of a text. */
  readonly shared: (text: string) => string;
  readonly keepsHeads: boolean;
}

function collectRounds({ labels, askedOf, shared, keepsHeads }: RoundsOptions): RoundsCollector {
  const [round, probesFrom, asked, score] = [integers(), integers(), integers(), numbers()];
  const measured = NAMES.map((name) => ({ name, read: MEASURED[name], values: numbers() }));
  const [notices, heads] = [new Map<number, string>(), new Map<number, Float64Array>()];
  const columns = () => ({
    round: round.values(),
    measured: Object.fromEntries(measured.map(({ name, values }) => [name, values.values()])) as Record<
      Measured,
      Float64Array
    >,
    probesFrom: probesFrom.values(),
    asked: asked.values(),
    score: score.values(),
  });
  const rounds: Rounds = { ...columns(), labels, notices, heads };
  const addRound = (record: RoundRecord): void => {
    const row = round.length;
    round.push(record.round);
    for (const { read, values } of measured) values.push(read(record) ?? Number.NaN);
    probesFrom.push(asked.length);
    for (const probe of record.probes) {
      asked.push(askedOf(probe));
      score.push(probe.score);
    }
    // Records of older versions lack it.
    if (typeof record.notice === 'string') notices.set(row, shared(record.notice));
    if (keepsHeads)
      heads.set(
        row,
        Float64Array.from(record.heads, (share) => share ?? Number.NaN),
      );
  };
  return {
    rounds,
    add(records) {
      const from = round.length;
      for (const record of records) addRound(record);
      return [from, round.length];
    },
    finish() {
      probesFrom.push(asked.length);
      Object.assign(rounds, columns());
    },
  };
}
