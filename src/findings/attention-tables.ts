import type { Column, DataTable, TableCell } from '../report/index.js';
import type { Estimate } from '../statistics/index.js';
import type { SliceAnalysis } from './analysis.js';
import type { ArmCourse, AttentionRound, Course } from './course.js';
import { roundsText } from './rounds-text.js';
import type { ReportedSpec } from './study-result.js';

/** The tables of one slice on attention, and round by round; those without rows too. */

const ARM: Column = { name: 'arm', heading: 'arm' };
const ROUND: Column = { name: 'round', heading: 'round', digits: 0 };

/** Returns the correlations of stability with the prompt's share. */
export function correlationsTable({ correlations }: SliceAnalysis): DataTable {
  return {
    name: 'correlations',
    title: "Stability and the prompt's share of attention",
    note:
      `Rank correlations (Spearman's ρ) of stability with the prompt's share after the policy: between the means of probed rounds, and between the late means of dialogues. ` +
      'Uniform attention gives the prompt a share equal to its token fraction (tokens of the prompt ÷ of the context), so three columns take it into account: the correlation of share and token fraction; that of share and stability given the token fraction (partial); that of stability and share ÷ token fraction. ' +
      `A dash: not recorded, or one of them does not vary.`,
    columns: [
      ARM,
      { name: 'over_rounds', heading: 'over rounds', signed: true },
      { name: 'over_dialogues', heading: 'over dialogues', signed: true },
      { name: 'share_with_fraction', heading: 'share, token fraction', signed: true },
      { name: 'given_fraction', heading: 'given token fraction', signed: true },
      { name: 'per_fraction', heading: 'share ÷ token fraction', signed: true },
    ],
    rows: correlations.map(({ name, overRounds, overDialogues, byLength }) => [
      name,
      overRounds,
      overDialogues,
      byLength?.ofShare ?? null,
      byLength?.given ?? null,
      byLength?.perToken ?? null,
    ]),
  };
}

/** Returns stability, the own answers and the share of every arm and round. */
export function roundsTable({ courses }: SliceAnalysis): DataTable {
  const at = (course: Course, round: number): Estimate | null =>
    course.rounds.find((estimate) => estimate.round === round) ?? null;
  const row = (course: ArmCourse, { round }: AttentionRound): TableCell[] => [
    course.name,
    round,
    at(course.stability, round),
    at(course.obedience, round),
    at(course.ability, round),
    at(course.fluency, round),
    at(course.share.before, round),
    at(course.share.after, round),
  ];
  return {
    name: 'rounds',
    title: 'Round by round',
    note: `Stability; obedience, ability and fluency of the dialogue's own answers; the prompt's share of attention before and after the policy, mean over rows and over the heads that see furthest.`,
    columns: [
      ARM,
      ROUND,
      { name: 'stability', heading: 'stability' },
      { name: 'obedience', heading: 'obedience' },
      { name: 'ability', heading: 'ability' },
      { name: 'fluency', heading: 'fluency' },
      { name: 'share_before', heading: 'prompt before', digits: 3 },
      { name: 'share_after', heading: 'prompt after', digits: 3 },
    ],
    rows: courses.flatMap((course) => course.attention.map((round) => row(course, round))),
  };
}

/** Returns the distribution of attention in every round. */
export function attentionTable({ courses }: SliceAnalysis): DataTable {
  const share = (name: string, heading: string): Column => ({ name, heading, digits: 3 });
  return {
    name: 'attention',
    title: 'Distribution of attention',
    note:
      "Before the policy, means over dialogues: the prompt's share over rows × heads that see furthest (mean, median, 90th percentile, fraction of them above 0.5 and below 0.001, where a share policy can do little), " +
      'and the mean shares of controls: the first token alone, the tokens of the template alone, a random span as long as the first token and the prompt.',
    columns: [
      ARM,
      ROUND,
      { name: 'context_tokens', heading: 'tokens', digits: 0 },
      share('share', 'prompt'),
      share('median', 'prompt, median'),
      share('ninetieth', 'prompt, 90th'),
      share('above', 'prompt > 0.5'),
      share('below', 'prompt < 0.001'),
      share('sink', 'sink'),
      share('template', 'template'),
      share('random', 'random'),
    ],
    rows: courses.flatMap(({ name, attention }) =>
      attention.map((round) => [
        name,
        round.round,
        round.contextTokens,
        round.before,
        round.median,
        round.ninetieth,
        round.above,
        round.below,
        round.sink,
        round.template,
        round.random,
      ]),
    ),
  };
}

/** Returns the share of the prompt of every head under the baseline. */
export function headsTable(
  { heads, slice: { baseline } }: SliceAnalysis,
  { early, late }: ReportedSpec,
): DataTable {
  return {
    name: 'heads',
    title: 'Heads',
    note: `Each head's mean share of the prompt, over the rows in which it sees it, under ${baseline} in ${roundsText(early)}, and what is left of it in ${roundsText(late)} (late ÷ early). Layers and heads from 0.`,
    columns: [
      { name: 'layer', heading: 'layer', digits: 0 },
      { name: 'head', heading: 'head', digits: 0 },
      { name: 'share_early', heading: 'prompt, early', digits: 4 },
      { name: 'left', heading: 'late ÷ early', digits: 3 },
    ],
    rows:
      heads?.early.flatMap((row, layer) =>
        row.map((share, head): TableCell[] => [layer, head, share, heads.left[layer]![head]!]),
      ) ?? [],
  };
}
