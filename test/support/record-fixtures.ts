import type { ReferenceRound, TrialArmRecords, TrialRoundRecord } from '../../src/organism/index.js';

/** Returns a round with these probe scores, by family. Other fields can be overridden. */
export function recordOf(
  round: number,
  scores: Readonly<Record<string, number>>,
  rest: Partial<TrialRoundRecord> = {},
): TrialRoundRecord {
  return {
    round,
    tokens: 100 * round,
    answer: 'Yes.',
    followed: [],
    ability: null,
    share: { before: 0.5, after: 0.5 },
    heads: [0.5],
    probes: Object.entries(scores).map(([family, score]) => ({ family, score, answer: 'Yes.' })),
    ...rest,
  };
}

/** Returns a round of a reference pass with this total loss, and a share of the prefix. */
export function referenceOf(tokens: number, loss: number, share = 0.5): ReferenceRound {
  const prefix = { mean: share, median: share / 2, ninetieth: 2 * share, above: 0.1, below: 0.2 };
  return { tokens, loss, prefix, sink: share / 10, after: share / 5 };
}

export function armOf(
  trials: TrialArmRecords['trials'],
  references: TrialArmRecords['references'] = [],
  bare: TrialArmRecords['bare'] = [],
): TrialArmRecords {
  return { name: 'an arm', trials, references, bare };
}
