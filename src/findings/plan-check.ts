import type { AnalysisPlan, Contrast, PrimaryOutcome } from '../study/index.js';
import { canonicalJson, contrastKey } from '../study/index.js';
import { roundsText } from './rounds-text.js';
import type { ReportedPlan, ReportedSpec, StudyFacts } from './study-result.js';

/** The place of a comparison in the analysis plan that was locked before the study's first cell. */
export type Standing = 'primary' | 'planned' | 'after the fact';

/** How a report follows the locked analysis plan. */
export interface PlanCheck {
  /** SHA-256 of the locked plan, hex; null if none was locked. */
  readonly sha256: string | null;
  /** The locked plan's primary outcome; null if it has none. */
  readonly primary: AnalysisPlan['primary'];
  /** What the report does otherwise than the plan, in words; empty if it does as planned. */
  readonly changes: readonly string[];
  /** Whether the equivalence margin is that of the plan. */
  readonly marginIsPlanned: boolean;
  /** The contrasts of the plan that the report makes as planned. */
  readonly planned: readonly Contrast[];
}

/** Returns the place of a comparison of two arms in the plan. @param outcome what is compared, such as `late stability` */
export function standingOf(
  { planned, primary }: PlanCheck,
  contrast: Contrast,
  outcome: PrimaryOutcome,
): Standing {
  const key = contrastKey(contrast);
  if (!planned.some((each) => contrastKey(each) === key)) return 'after the fact';
  return primary === outcome ? 'primary' : 'planned';
}

/**
 * Compares a report with the plan that was locked before the first cell. If the report has other rounds, another primary
 * outcome, other dialogues or fewer contrasts than the plan, no comparison is a planned one. If it only has more contrasts,
 * these are after the fact, and so are contrasts whose arms are not those of the plan.
 */
export function checkPlan({ spec, locked }: Pick<StudyFacts, 'spec' | 'locked'>): PlanCheck {
  if (locked === null) {
    return { sha256: null, primary: null, changes: [], marginIsPlanned: false, planned: [] };
  }
  const { plan, sha256 } = locked;
  const armNamed = (arm: string) => spec.arms.find(({ name }) => name === arm);
  const redefined = plan.arms
    .filter((arm) => canonicalJson(arm) !== canonicalJson(armNamed(arm.name) ?? arm))
    .map(({ name }) => name);
  const missing = plan.contrasts.filter(
    ({ left, right }) => armNamed(left) === undefined || armNamed(right) === undefined,
  );
  const design = [
    ...designChanges(spec, plan),
    ...missing.map((contrast) => `${contrastText(contrast)}, which the plan has, is not compared`),
  ];
  const keys = new Set(plan.contrasts.map(contrastKey));
  const added = spec.contrasts.filter((contrast) => !keys.has(contrastKey(contrast)));
  const keepsMargin = spec.margin === plan.margin;
  return {
    sha256,
    primary: plan.primary,
    changes: [
      ...design,
      ...redefined.map((arm) => `the arm ${arm} is not the arm of this name in the plan`),
      ...added.map((contrast) => `${contrastText(contrast)} is not in the plan`),
      ...(keepsMargin
        ? []
        : [change('the equivalence margin', spec.margin ?? 'none', plan.margin ?? 'none')]),
    ],
    marginIsPlanned: keepsMargin && design.length === 0,
    planned:
      design.length > 0
        ? []
        : plan.contrasts.filter(({ left, right }) => !redefined.includes(left) && !redefined.includes(right)),
  };
}

/** Returns `growing against off`. */
const contrastText = ({ left, right }: Contrast): string => `${left} against ${right}`;

const change = (what: string, here: string | number, there: string | number): string =>
  `${what}: ${here} here, ${there} in the plan`;

/** Returns the changes after which no comparison is a planned one. */
function designChanges(spec: ReportedSpec, plan: ReportedPlan): string[] {
  const compared = [
    ['the early rounds', roundsText(spec.early), roundsText(plan.early)],
    ['the late rounds', roundsText(spec.late), roundsText(plan.late)],
    ['the primary outcome', spec.primary ?? 'none', plan.primary ?? 'none'],
    ['the dialogues', dialoguesText(spec.sources), dialoguesText(plan.sources)],
    ['the seeds', spec.seeds.join(', '), plan.seeds.join(', ')],
    ['how influence is measured', influenceText(spec.influence), influenceText(plan.influence ?? null)],
  ] as const;
  return compared.flatMap(([what, here, there]) => (here === there ? [] : [change(what, here, there)]));
}

/** Returns, for example, `24 dialogues, beside others, none, every round`, with what else decides the numbers. */
function influenceText(influence: ReportedSpec['influence']): string {
  if (influence === null) return 'not at all';
  const { dialogues, references, rounds, paraphrases, total } = influence;
  const which = rounds === null ? 'every round' : `rounds ${rounds.join(', ')}`;
  const texts = Object.entries(paraphrases ?? {}).map(([name, text]) => `${name}: ${text}`);
  return [
    `${dialogues} dialogues, beside ${references.join(', ')}, ${which}`,
    ...(total === undefined ? [] : ['direct and total']),
    ...(texts.length === 0 ? [] : [`paraphrases ${texts.sort().join('; ')}`]),
  ].join(', ');
}

/** Returns, for example, `96 of organism, from index 0, 16 rounds`. */
function dialoguesText(sources: ReportedPlan['sources']): string {
  return sources
    .map(
      ({ name, first, dialogues, rounds }) =>
        `${dialogues} of ${name}, from index ${first}, ${rounds} rounds`,
    )
    .join('; ');
}

/** Says in a few words whether the results follow a plan. */
export const planStanding = ({ sha256, changes }: PlanCheck): string =>
  sha256 !== null && changes.length === 0 ? 'As planned' : 'After the fact';

/** Says whether the results follow a plan, and which; one sentence. */
export function planCheckWords({ sha256, primary, changes }: PlanCheck): string {
  if (sha256 === null) {
    return 'After the fact: no analysis plan was locked before the first cell, so every comparison explores and none tests.';
  }
  if (changes.length > 0) {
    return `After the fact: this report differs from the analysis plan that was locked before the first cell (SHA-256 ${sha256}): ${changes.join('; ')}. What it does otherwise explores and does not test.`;
  }
  const outcome =
    primary === null
      ? 'It declares no primary outcome, so the report explores.'
      : `Its primary outcome is ${primary}.`;
  return `As planned: the analysis plan was locked before the first cell (SHA-256 ${sha256}). ${outcome}`;
}
