import { createHash } from 'node:crypto';
import { readResults, readStudy } from '../study/index.js';
import type { SliceLabels } from './slice-labels.js';

/** An answer to a probe, and what the judge said of it. */
export interface JudgedAnswer {
  /** Names the answer without telling anything of it: only the folder of its study can resolve it. */
  readonly id: string;
  readonly labels: SliceLabels;
  readonly arm: string;
  /** The system prompt. */
  readonly prompt: string;
  /** What is independent: the prompt; the dialogue if all dialogues have one prompt. */
  readonly cluster: string;
  /** What the probe tests: one instruction of several, or the group of the prompt. */
  readonly about: string;
  readonly probe: string;
  readonly answer: string;
  /** The judge's score, 0…1. */
  readonly score: number;
  /** Kinds of the rules that judged it; the probe's label if the study does not name them. */
  readonly rule: string;
}

/** Returns whether the judge passes an answer: material's own examples of bad answers score at most 0.5. */
export const passes = ({ score }: Pick<JudgedAnswer, 'score'>): boolean => score > 0.5;

/**
 * Reads all answers to probes from the folder of a study, in the order of its plan. Two arms that do the same work share
 * their answers, with the same ids.
 * @throws HoldfastError as `readStudyResult` does
 */
export async function readJudgedAnswers(folder: string): Promise<JudgedAnswer[]> {
  const { file, plan } = await readStudy(folder);
  const found: JudgedAnswer[] = [];
  for await (const { address, record: cell } of readResults(folder, plan, file.models)) {
    if (cell.kind !== 'dialogue') continue;
    const { model, executor, precision, source, arm, index, system } = cell;
    for (const { round, probes } of cell.rounds) {
      for (const [place, { label, question, answer, score, rule }] of probes.entries()) {
        found.push({
          id: idOf(address, round, place),
          labels: { model, executor, precision, source },
          arm,
          prompt: system,
          about: label,
          cluster: `index ${index}`,
          probe: question,
          answer,
          score,
          rule: rule ?? label,
        });
      }
    }
  }
  const hasOnePrompt = new Set(found.map(({ prompt }) => prompt)).size === 1;
  return hasOnePrompt ? found : found.map((each) => ({ ...each, cluster: each.prompt }));
}

/** Characters of an id: 64 bits, so that no two of a million answers are likely to share one. */
const ID_LENGTH = 16;

const idOf = (address: string, round: number, place: number): string =>
  createHash('sha256').update(`${address} ${round} ${place}`).digest('hex').slice(0, ID_LENGTH);
