import { createHash } from 'node:crypto';
import type { AnalysisPlan, ArmSpec, InfluenceSpec, StudySpec } from '../spec/index.js';
import { analysisPlanOf, canonicalJson } from '../spec/index.js';

/** An analysis plan and its hash, as they were before the first cell of a study was computed. */
export interface LockedAnalysis {
  /** SHA-256, in hex, of the plan as canonical JSON: sorted keys, no spaces. */
  readonly sha256: string;
  readonly plan: LockedPlan;
}

/** An analysis plan with what else decides its result: how many dialogues are tested, and what its arms do. */
export interface LockedPlan extends AnalysisPlan {
  readonly sources: readonly {
    readonly name: string;
    readonly first: number;
    readonly dialogues: number;
    readonly rounds: number;
  }[];
  readonly seeds: readonly number[];
  /** How influence is measured; absent if it is not. */
  readonly influence?: InfluenceSpec;
  /** The arms of its contrasts. */
  readonly arms: readonly ArmSpec[];
}

/** Returns the plan of a specification with its hash. */
export function lockedAnalysisOf(spec: StudySpec): LockedAnalysis {
  const { contrasts, sources, seeds, influence, arms } = spec;
  const compared = new Set(contrasts.flatMap(({ left, right }) => [left, right]));
  const plan = {
    ...analysisPlanOf(spec),
    sources: sources.map(({ name, first, dialogues, rounds }) => ({ name, first, dialogues, rounds })),
    seeds,
    ...(influence && { influence }),
    arms: arms.filter(({ name }) => compared.has(name)),
  };
  return { sha256: planHash(plan), plan };
}

/** Returns the SHA-256 of a plan as canonical JSON, in hex. */
export const planHash = (plan: unknown): string =>
  createHash('sha256').update(canonicalJson(plan)).digest('hex');
