import type { Column, DataTable } from '../report/index.js';
import type { SliceAnalysis } from './analysis.js';
import { attentionTable, correlationsTable, headsTable, roundsTable } from './attention-tables.js';
import { aboveChanceTable, chanceTable, qualityTable } from './chance-tables.js';
import { comparisonTables } from './comparison-tables.js';
import { costsTable, klRoundsTable } from './costs-table.js';
import type { Course } from './course.js';
import { effectWords } from './effect-words.js';
import { FEWEST } from './inference.js';
import { influenceTables } from './influence-tables.js';
import { roundsText } from './rounds-text.js';
import type { ReportedSpec } from './study-result.js';
import { summaryTable } from './summary-table.js';
import type { VarianceSource } from './variance.js';

/** Says what the brackets of all tables are. */
export const INTERVALS =
  'Brackets are 95 % intervals from a bootstrap over prompts, whose dialogues are not independent: over dialogues if there is one prompt, and over held-out items for KL, perplexity and choice. ' +
  `Fewer than ${FEWEST} have no interval, nor has a number that does not vary. Where nearly all prompts are equal, the interval is a bound by their number.`;

/** Returns every table of one slice that has rows. */
export function tablesOf(analysis: SliceAnalysis, spec: ReportedSpec): DataTable[] {
  return [
    summaryTable(analysis, spec),
    stabilityTable(analysis, spec),
    chanceTable(analysis),
    aboveChanceTable(analysis, spec),
    effectsTable(analysis, spec),
    mixedTable(analysis),
    answersTable(analysis, spec),
    qualityTable(analysis),
    partsTable(analysis, spec),
    costsTable(analysis),
    klRoundsTable(analysis),
    ...comparisonTables(analysis, spec),
    ...influenceTables(analysis, spec),
    correlationsTable(analysis),
    roundsTable(analysis),
    attentionTable(analysis),
    headsTable(analysis, spec),
  ].filter(({ rows }) => rows.length > 0);
}

const ARM: Column = { name: 'arm', heading: 'arm' };

function stabilityTable({ courses }: SliceAnalysis, { early, late }: ReportedSpec): DataTable {
  return {
    name: 'stability',
    title: 'Stability',
    note: `The mean score of probes, 0 to 1: early (${roundsText(early)}), late (${roundsText(late)}), the difference of the two, and the least-squares slope over all probed rounds.`,
    columns: [
      ARM,
      { name: 'dialogues', heading: 'dialogues', digits: 0 },
      { name: 'prompts', heading: 'prompts', digits: 0 },
      { name: 'early', heading: 'early' },
      { name: 'late', heading: 'late' },
      { name: 'change', heading: 'late − early', signed: true },
      { name: 'slope', heading: 'slope per round', digits: 4, signed: true },
    ],
    rows: courses
      .filter(({ stability }) => stability.rounds.length > 0)
      .map(({ name, sample, stability, slope }) => [
        name,
        sample.dialogues,
        sample.prompts,
        stability.early,
        stability.late,
        stability.change,
        slope,
      ]),
  };
}

function effectsTable(
  { effects, floor, plan }: SliceAnalysis,
  { early, late, margin }: ReportedSpec,
): DataTable {
  return {
    name: 'differences',
    title: 'Differences',
    note:
      `Stability of each arm minus that of another on the same dialogues: early (${roundsText(early)}), late (${roundsText(late)}) and in the last probed round. ` +
      'Plan: whether the comparison is the primary outcome of the analysis plan that was locked before the first cell, another comparison of it, or after the fact.',
    columns: [
      ARM,
      { name: 'against', heading: 'against' },
      { name: 'plan', heading: 'plan' },
      { name: 'rounds', heading: 'rounds' },
      { name: 'dialogues', heading: 'dialogues', digits: 0 },
      { name: 'prompts', heading: 'prompts', digits: 0 },
      { name: 'difference', heading: 'difference', signed: true },
      {
        ...{ name: 'p', heading: 'p', digits: 4 },
        note: 'p: two-sided paired permutation test, whose null hypothesis is the sharp one: both arms do the same in every dialogue.',
      },
      {
        ...{ name: 'p_mean', heading: 'p, mean', digits: 4 },
        note: 'p, mean: studentised test that the mean difference is zero, corrected for skewness (Hall 1992); a dash where the differences do not vary.',
      },
      {
        ...{ name: 'p_holm', heading: 'p, corrected', digits: 4 },
        note: "p, corrected: the larger of the two after Holm's correction over the primary comparisons of the study, or over all others.",
      },
      {
        ...{ name: 'detectable', heading: 'detectable' },
        note: 'Detectable: the smallest difference that this many prompts find with power 0.8 (α = 0.05, uncorrected); a dash: none that scores from 0 to 1 can have, or no prompt differs.',
      },
      {
        ...{ name: 'odds_ratio', heading: 'odds ratio' },
        note: 'Odds ratio: of an obedient answer, by Mantel and Haenszel with prompts as strata.',
      },
      { name: 'equivalence', heading: '90 % interval', signed: true },
      {
        ...{ name: 'p_equivalence', heading: 'p, equivalence', digits: 4 },
        note: `p, equivalence: two one-sided t tests (TOST) that the difference is smaller than ${margin}, ${plan.marginIsPlanned ? 'the margin of the plan' : 'a margin that was given after the fact'}; each comparison by itself, uncorrected.`,
      },
      { name: 'words', heading: 'in words' },
    ],
    rows: effects.map((effect) => [
      effect.arm,
      effect.against,
      effect.standing,
      effect.window,
      effect.dialogues,
      effect.prompts,
      effect.difference,
      effect.p,
      effect.pMean,
      effect.pHolm,
      effect.detectable,
      effect.odds,
      effect.equivalence?.interval ?? null,
      effect.equivalence?.p ?? null,
      effectWords(effect, { name: effect.against, atFloor: floor !== null }),
    ]),
  };
}

function mixedTable({ mixed }: SliceAnalysis): DataTable {
  const part = (name: VarianceSource): Column => ({ name, heading: `${name}, part of variance` });
  return {
    name: 'mixed',
    title: 'Differences by a mixed model',
    note:
      "The same differences by a model with random intercepts for prompts and for their dialogues (REML), with 95 % intervals by Student's t; and which part of the variance of a single difference lies between prompts, between dialogues of a prompt, and between seeds of a dialogue. " +
      'A dash: not told apart from the next column, or there are no seeds.',
    columns: [
      ARM,
      { name: 'against', heading: 'against' },
      { name: 'rounds', heading: 'rounds' },
      { name: 'difference', heading: 'difference', signed: true },
      part('prompt'),
      part('dialogue'),
      part('seed'),
    ],
    rows: mixed.map(({ arm, against, window, difference, shares }) => [
      arm,
      against,
      window,
      difference,
      shares.prompt,
      shares.dialogue,
      shares.seed,
    ]),
  };
}

function answersTable({ courses }: SliceAnalysis, { early, late }: ReportedSpec): DataTable {
  const kinds = ['obedience', 'ability', 'fluency'] as const;
  const has = ({ rounds }: Course): boolean => rounds.some(({ value }) => !Number.isNaN(value));
  const known = kinds.filter((kind) => courses.some((course) => has(course[kind])));
  return {
    name: 'answers',
    title: 'Answers of the dialogues themselves',
    note: `Whether an answer follows the system prompt where that can be judged (obedience), is otherwise correct (ability) and is fluent, 0 to 1, early (${roundsText(early)}) and late (${roundsText(late)}).`,
    columns: [
      ARM,
      ...known.flatMap((kind): Column[] => [
        { name: `${kind}_early`, heading: `${kind}, early` },
        { name: `${kind}_late`, heading: `${kind}, late` },
      ]),
    ],
    rows:
      known.length === 0
        ? []
        : courses.map((course) => [
            course.name,
            ...known.flatMap((kind) => [course[kind].early, course[kind].late]),
          ]),
  };
}

function partsTable({ courses }: SliceAnalysis, { early, late }: ReportedSpec): DataTable {
  return {
    name: 'groups',
    title: 'Stability by group',
    note: `By group of prompts, and by what a probe asks about where that differs from the groups: early (${roundsText(early)}) and late (${roundsText(late)}), over the prompts of the part.`,
    columns: [
      { name: 'part', heading: 'part' },
      { name: 'of', heading: 'of' },
      ARM,
      { name: 'early', heading: 'early' },
      { name: 'late', heading: 'late' },
      { name: 'change', heading: 'late − early', signed: true },
      { name: 'late_above_chance', heading: 'late, above chance', signed: true },
    ],
    rows: (courses[0]?.parts ?? []).flatMap(({ kind, name }) =>
      courses.flatMap((course) =>
        course.parts
          .filter((part) => part.kind === kind && part.name === name)
          .map(({ stability, chance, aboveChance }) => [
            name,
            kind,
            course.name,
            stability.early,
            stability.late,
            stability.change,
            chance === null ? null : aboveChance.late,
          ]),
      ),
    ),
  };
}
