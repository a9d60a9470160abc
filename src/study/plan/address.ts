import { createHash } from 'node:crypto';
import { type HeadGrid, POLICY_RULES } from '../../attention/index.js';
import type { ModelSize } from '../../concurrency.js';
import type { Scenario } from '../../scenario/index.js';
import type { Moment } from '../../text/index.js';
import type { ModelSpec, StudySpec } from '../spec/index.js';
import { canonicalJson } from '../spec/index.js';
import type { Arm } from './arm.js';
import type { InfluenceTask } from './cell.js';
import type { CostRecord } from './record.js';
import type { versionsThatMatter } from './versions.js';

/** Facts about a model that are read from its files. */
export interface ModelFacts {
  /** SHA-256 of the weight files, in hex. */
  readonly hash: string;
  /** SHA-256 of the chat template, in hex. */
  readonly templateHash: string;
  /** Whether the chat template can write the date or time. */
  readonly mayWriteTime: boolean;
  /**
   * SHA-256, in hex, of everything else that decides how the model runs and how text becomes tokens: the blueprint, the
   * tokenizer, and the settings stored beside the weights.
   */
  readonly setupHash: string;
  readonly grid: HeadGrid;
  /** The heads that see furthest (`headsInMeans`), as indices into `[layers × heads]`: those that a ranking chooses from. */
  readonly seeing: readonly number[];
  readonly size: ModelSize;
  /** Precision of the weights; the executor's name if it has only one. */
  readonly precision: string;
}

/** What a cell is computed with: the executor, the model, the versions that matter, and the moment of the study. */
export interface Computed {
  readonly executor: ModelSpec['executor'];
  readonly facts: ModelFacts;
  readonly versions: ReturnType<typeof versionsThatMatter>;
  readonly now: Moment;
}

/** Identifies a dialogue: its scenario, and the numbers that its random seeds are derived from. */
export interface DialoguePoint {
  readonly scenario: Pick<Scenario, 'content' | 'rounds'>;
  readonly seed: number;
  readonly index: number;
}

/** The settings that decide which answers a dialogue gives, and to which probes. */
type AskedSettings = Pick<StudySpec, 'sampling' | 'maxTokens' | 'probeRounds' | 'probeRepeats'>;

/** Returns the address of a dialogue cell. */
export function dialogueAddress(
  computed: Computed,
  { scenario, seed, index }: DialoguePoint,
  arm: Arm,
  { sampling, maxTokens, probeRounds, probeRepeats }: AskedSettings,
): string {
  const { content, rounds } = scenario;
  return addressOf('dialogue', computed, {
    content,
    rounds,
    seed,
    index,
    sampling,
    maxTokens,
    probeRounds: probeRounds.filter((round) => round <= rounds),
    ...(probeRepeats > 1 && { probeRepeats }),
    ...treatmentOf(arm),
  });
}

/** Returns the address of a chance cell: that of the untouched dialogue's probes, and the unrelated prompt. */
export function chanceAddress(
  computed: Computed,
  { scenario, seed, index }: DialoguePoint & { readonly scenario: Pick<Scenario, 'unrelated'> },
  { sampling, maxTokens, probeRounds, probeRepeats }: AskedSettings,
): string {
  const { content, rounds, unrelated } = scenario;
  return addressOf('chance', computed, {
    ...{ content, unrelated, seed, index, sampling, maxTokens, probeRepeats },
    probeRounds: probeRounds.filter((round) => round <= rounds),
  });
}

/** Returns the address of a ranking cell. */
export function rankingAddress(
  computed: Computed,
  { scenario, seed, index }: DialoguePoint,
  { sampling, maxTokens }: Pick<StudySpec, 'sampling' | 'maxTokens'>,
): string {
  const { content, rounds } = scenario;
  return addressOf('ranking', computed, { content, rounds, seed, index, sampling, maxTokens });
}

/**
 * Returns the address of a cost cell.
 * @param item the held-out dialogue, text or question, as plain JSON
 */
export function costAddress(
  computed: Computed,
  measure: CostRecord['measure'],
  item: unknown,
  arm: Arm,
): string {
  return addressOf('cost', computed, { measure, item, ...treatmentOf(arm) });
}

/** Returns the address of an influence cell. */
export function influenceAddress(
  computed: Computed,
  { dialogue, references, rounds, effect }: Omit<InfluenceTask, 'recorded'>,
  arm: Arm,
): string {
  const task = { dialogue, references, rounds, ...(effect && { effect }) };
  return addressOf('influence', computed, { ...task, ...treatmentOf(arm) });
}

/** Returns an arm without its name. A renamed policy keeps its former name here, so that cells computed under it are found. */
function treatmentOf({ settings, repeatEvery, noSystem }: Arm): object {
  const { policy } = settings;
  const formerly = policy === undefined ? null : POLICY_RULES[policy].formerly;
  return {
    settings: formerly === null ? settings : { ...settings, policy: formerly },
    repeatEvery,
    ...(noSystem && { noSystem }),
  };
}

/**
 * Texts of the objects that many addresses have in common: a model, a scenario, an arm's settings. Writing them again for each
 * of a million cells would take ten times as long. No plan changes its objects.
 */
const texts = new Map<object, string>();

/** Texts that are remembered: few, because those of scenarios are long, and the arms of a scenario follow each other. */
const REMEMBERED = 256;

/** Returns a value whose text is remembered if it is an object. */
function shared<T>(part: T): T {
  const isObject = typeof part === 'object' && part !== null && !Array.isArray(part);
  if (!isObject || texts.has(part)) return part;
  if (texts.size >= REMEMBERED) texts.clear();
  texts.set(part, canonicalJson(part));
  return part;
}

const models = new WeakMap<Computed, object>();

/** The moment is part of an address only if the template can write it: otherwise it has no effect on the cell. */
function modelOf(computed: Computed): object {
  const { executor, facts, now } = computed;
  const { hash, templateHash, setupHash, precision } = facts;
  const model = models.get(computed) ?? {
    hash,
    templateHash,
    setupHash,
    executor,
    precision,
    ...(facts.mayWriteTime ? { now } : {}),
  };
  models.set(computed, model);
  return shared(model);
}

function addressOf(kind: string, computed: Computed, work: object): string {
  for (const part of Object.values(work)) shared(part);
  const whole = { kind, versions: shared(computed.versions), model: modelOf(computed), work };
  return createHash('sha256').update(canonicalJson(whole, texts)).digest('hex');
}
