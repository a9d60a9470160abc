import { createHash } from 'node:crypto';
import type { HeadGrid } from '../../attention/index.js';
import type { Scenario } from '../../scenario/index.js';
import type { ModelSpec, StudySpec } from '../spec/index.js';
import { canonicalJson } from '../spec/index.js';
import type { Arm } from './arm.js';
import type { CostRecord } from './record.js';
import type { versionsThatMatter } from './versions.js';

/** What is known of a model once it was opened. */
export interface ModelFacts {
  /** SHA-256 over the weight files, and of the chat template; hex. */
  readonly hash: string;
  readonly templateHash: string;
  /**
   * SHA-256, hex, of how the weights are run and how text becomes tokens: the blueprint, and the tokenizer and the settings
   * that lie beside the weights.
   */
  readonly setupHash: string;
  readonly grid: HeadGrid;
  /** Heads of layers that see the whole dialogue, as indices into `[layers × heads]`; all where none does. */
  readonly seeing: readonly number[];
  /** How the weights are held; of an executor without a choice, its one way. */
  readonly precision: string;
}

/** What computes a cell: the model as it is run, and the versions that matter. */
export interface Computed {
  readonly executor: ModelSpec['executor'];
  readonly facts: ModelFacts;
  readonly versions: ReturnType<typeof versionsThatMatter>;
}

/** Which dialogue it is: what is said, and what its chance is drawn from. */
export interface DialoguePoint {
  readonly scenario: Pick<Scenario, 'content' | 'rounds'>;
  readonly seed: number;
  readonly index: number;
}

export function dialogueAddress(
  computed: Computed,
  { scenario, seed, index }: DialoguePoint,
  arm: Arm,
  { sampling, maxTokens, probeRounds }: Pick<StudySpec, 'sampling' | 'maxTokens' | 'probeRounds'>,
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
    ...treatmentOf(arm),
  });
}

export function rankingAddress(
  computed: Computed,
  { scenario, seed, index }: DialoguePoint,
  { sampling, maxTokens }: Pick<StudySpec, 'sampling' | 'maxTokens'>,
): string {
  const { content, rounds } = scenario;
  return addressOf('ranking', computed, { content, rounds, seed, index, sampling, maxTokens });
}

/** @param item the held-out dialogue, text or question, as plain JSON */
export function costAddress(
  computed: Computed,
  measure: CostRecord['measure'],
  item: unknown,
  arm: Arm,
): string {
  return addressOf('cost', computed, { measure, item, ...treatmentOf(arm) });
}

/** All of an arm but its name. */
function treatmentOf({ settings, repeatEvery }: Arm): object {
  return { settings, repeatEvery };
}

function addressOf(kind: string, { executor, facts, versions }: Computed, work: object): string {
  const { hash, templateHash, setupHash, precision } = facts;
  const model = { hash, templateHash, setupHash, executor, precision };
  return createHash('sha256').update(canonicalJson({ kind, versions, model, work })).digest('hex');
}
