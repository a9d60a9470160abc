import type { DataTable } from '../report/index.js';
import type { SliceAnalysis } from './analysis.js';

/** Returns what each arm costs in quality, tokens and time. */
export function costsTable({ costs, slice: { baseline } }: SliceAnalysis): DataTable {
  const recomputes = costs.some(({ recomputedTokens }) => recomputedTokens !== null);
  return {
    name: 'costs',
    title: 'Costs',
    note: 'A dash: not measured.',
    columns: [
      { name: 'arm', heading: 'arm' },
      {
        ...{ name: 'kl', heading: 'KL', digits: 4 },
        note: "KL: divergence of the arm's next-token distribution from the untouched model's on held-out dialogues, in nats a token.",
      },
      {
        ...{ name: 'perplexity', heading: 'perplexity' },
        note: `Perplexity: of held-out text, and its ratio to ${baseline}'s.`,
      },
      { name: 'perplexity_ratio', heading: `× ${baseline}`, digits: 3 },
      {
        ...{ name: 'accuracy', heading: 'choice' },
        note: `Choice: fraction of multiple-choice questions answered correctly, each asked after a short held-out dialogue so that arms that strengthen by turn take effect, and its difference from ${baseline}'s.`,
      },
      { name: 'accuracy_difference', heading: `− ${baseline}`, signed: true },
      {
        name: 'context_tokens',
        heading: 'context, tokens',
        digits: 0,
        note: 'Context: tokens in the last round.',
      },
      {
        ...{ name: 'forwarded_tokens', heading: 'forwarded, tokens', digits: 0 },
        note: 'Forwarded tokens and passes: in a dialogue, including probes and second passes.',
      },
      { name: 'forward_passes', heading: 'passes', digits: 0 },
      ...(recomputes
        ? [
            {
              ...{ name: 'recomputed_tokens', heading: 'computed again, tokens', digits: 0 },
              note: 'Computed again: those of the forwarded tokens that were in the cache and were computed again without the policy, for a clean cache.',
            },
          ]
        : []),
      {
        ...{ name: 'time_ratio', heading: 'time ×' },
        note: `Time: per decoded token, relative to ${baseline}'s in the same dialogue, the median over dialogues, on the machine that ran the study. It includes prefill, and the arm that runs a dialogue first prefills the system prompt for all arms.`,
      },
    ],
    rows: costs.map((cost) => [
      cost.name,
      cost.kl,
      cost.perplexity,
      cost.perplexityRatio,
      cost.accuracy,
      cost.accuracyDifference,
      cost.contextTokens,
      cost.forwardedTokens,
      cost.forwardPasses,
      ...(recomputes ? [cost.recomputedTokens] : []),
      cost.timeRatio,
    ]),
  };
}

/** Returns the KL divergence of every arm in each round of the held-out dialogues; no rows in folders of older versions. */
export function klRoundsTable({ costs }: SliceAnalysis): DataTable {
  return {
    name: 'kl-rounds',
    title: 'KL divergence, round by round',
    note: "The divergence of the arm's next-token distribution from the untouched model's in each round of the held-out dialogues, in nats a token. Not all of these dialogues have the last rounds.",
    columns: [
      { name: 'arm', heading: 'arm' },
      { name: 'round', heading: 'round', digits: 0 },
      { name: 'kl', heading: 'nats a token', digits: 4 },
    ],
    rows: costs.flatMap(({ name, klRounds }) =>
      klRounds.map(({ round, ...divergence }) => [name, round, divergence]),
    ),
  };
}
