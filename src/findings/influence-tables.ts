import type { Column, DataTable } from '../report/index.js';
import type { SliceAnalysis } from './analysis.js';
import type { ArmInfluence } from './influence.js';
import { influenceVerdict } from './influence-words.js';
import { roundsText } from './rounds-text.js';
import type { ReportedSpec } from './study-result.js';

const REFERENCE: Column = { name: 'reference', heading: 'beside' };
const ARM: Column = { name: 'arm', heading: 'arm' };

/** What the numbers are, for notes. */
const DEFINITION =
  "The prompt's direct influence: KL divergence of the next-token distribution with the prompt from that with the reference in its place (others: another dialogue's prompt of about its length; paraphrase: the same in other words; none: no system message), in nats a token, on the answers of the untouched model's dialogues, which are the same for all arms. Every answer counts once. " +
  'Given the dialogue so far: the earlier answers carry the prompt too, so a small influence is not disobedience.';

const TOTAL =
  "The prompt's total influence: KL divergence of the next-token distribution in the arm's own dialogue from that in the dialogue that it leads under the reference, with the same user's messages and random numbers, in nats a token, on the arm's own answers. It says how far the two dialogues have come apart. Arms have different answers, so their numbers are not compared.";

/** Returns the tables of the prompt's influence; none if it was not measured. */
export function influenceTables({ influence }: SliceAnalysis, spec: ReportedSpec): DataTable[] {
  if (influence === null) return [];
  const { early, late } = spec;
  const { arms, total, effects, correlations } = influence;
  return [
    {
      name: 'influence',
      title: 'Influence of the prompt',
      note: `${DEFINITION} Early: ${roundsText(early)}, late: ${roundsText(late)}. × off: late influence divided by the untouched arm's on the same answers. Half-life in rounds: from a line through the logarithm of all rounds; never: it does not fall. Tokens and passes forwarded to measure one dialogue beside all references.`,
      columns: [
        REFERENCE,
        ARM,
        { name: 'dialogues', heading: 'dialogues', digits: 0 },
        { name: 'early', heading: 'early', digits: 3 },
        { name: 'late', heading: 'late', digits: 3 },
        { name: 'ratio', heading: 'late × off' },
        { name: 'half_life', heading: 'half-life', digits: 1, infinite: 'never' },
        { name: 'forwarded_tokens', heading: 'tokens', digits: 0 },
        { name: 'forward_passes', heading: 'passes', digits: 0 },
      ],
      rows: arms.map((arm) => [
        arm.reference,
        arm.name,
        arm.dialogues,
        arm.early,
        arm.late,
        arm.ratio,
        arm.halfLife,
        arm.forwardedTokens,
        arm.forwardPasses,
      ]),
    },
    {
      name: 'influence-differences',
      title: 'Differences of influence',
      note: `Influence under each arm minus that under another on the same answers, in nats a token. Plan, tests and correction as for differences of stability, which are other families of tests.`,
      columns: [
        REFERENCE,
        ARM,
        { name: 'against', heading: 'against' },
        { name: 'plan', heading: 'plan' },
        { name: 'rounds', heading: 'rounds' },
        { name: 'prompts', heading: 'prompts', digits: 0 },
        { name: 'difference', heading: 'difference', digits: 3, signed: true },
        { name: 'p', heading: 'p', digits: 4 },
        { name: 'p_mean', heading: 'p, mean', digits: 4 },
        { name: 'p_holm', heading: 'p, corrected', digits: 4 },
        { name: 'words', heading: 'in words' },
      ],
      rows: effects.map((effect) => [
        effect.reference,
        effect.arm,
        effect.against,
        effect.standing,
        effect.window,
        effect.clusters,
        effect.difference,
        effect.p,
        effect.pMean,
        effect.pHolm,
        influenceVerdict(effect),
      ]),
    },
    {
      name: 'influence-total',
      title: 'Total influence of the prompt',
      note: `${TOTAL} Early: ${roundsText(early)}, late: ${roundsText(late)}. Tokens and passes forwarded for one dialogue, with those of the answers under all references.`,
      columns: [
        REFERENCE,
        ARM,
        { name: 'dialogues', heading: 'dialogues', digits: 0 },
        { name: 'early', heading: 'early', digits: 3 },
        { name: 'late', heading: 'late', digits: 3 },
        { name: 'forwarded_tokens', heading: 'tokens', digits: 0 },
        { name: 'forward_passes', heading: 'passes', digits: 0 },
      ],
      rows: total.map((arm) => [
        ...[arm.reference, arm.name, arm.dialogues, arm.early, arm.late],
        ...[arm.forwardedTokens, arm.forwardPasses],
      ]),
    },
    {
      name: 'influence-total-rounds',
      title: 'Total influence, round by round',
      note: TOTAL,
      columns: [
        REFERENCE,
        ARM,
        { name: 'round', heading: 'round', digits: 0 },
        { name: 'influence', heading: 'nats a token', digits: 4 },
      ],
      rows: roundRows(total),
    },
    {
      name: 'influence-judged',
      title: 'Influence and obedience',
      note: `Rank correlation of influence with what judges say of the same dialogue in the same round, under the untouched arm: of the answer itself (obedience), or of the probes after it (stability). Given the round: both are ranked within each round, so that two numbers that only fall together over the rounds have none. Given the dialogue too: the mean rank of each dialogue is taken from its ranks; prompts differ in how far they are from a reference, so this is the fairer of the two.`,
      columns: [
        REFERENCE,
        { name: 'judged', heading: 'judged' },
        { name: 'answers', heading: 'answers', digits: 0 },
        { name: 'given_round', heading: 'ρ given the round', signed: true },
        { name: 'given_dialogue', heading: 'ρ given round and dialogue', signed: true },
      ],
      rows: correlations.map(({ reference, judged, answers, givenRound, givenDialogue }) => [
        reference,
        judged,
        answers,
        givenRound,
        givenDialogue,
      ]),
    },
    {
      name: 'influence-rounds',
      title: 'Influence, round by round',
      note: DEFINITION,
      columns: [
        REFERENCE,
        ARM,
        { name: 'round', heading: 'round', digits: 0 },
        { name: 'influence', heading: 'nats a token', digits: 4 },
      ],
      rows: roundRows(arms),
    },
  ];
}

const roundRows = (arms: readonly ArmInfluence[]): DataTable['rows'] =>
  arms.flatMap(({ reference, name, rounds }) =>
    rounds.map(({ round, ...influence }) => [reference, name, round, influence]),
  );
