import { HoldfastError } from '../errors.js';
import { type AnalysisPlan, type Contrast, contrastKey } from '../study/index.js';
import type { StudyFacts } from './study-result.js';

/**
 * Returns the pairs of arms that a report compares, each once: those of the locked plan, those of the specification or the
 * command line, and every arm with the first.
 */
export function reportedContrasts({ spec, locked }: Pick<StudyFacts, 'spec' | 'locked'>): Contrast[] {
  const [first, ...others] = spec.arms.map(({ name }) => name);
  const known = new Set([first, ...others]);
  const all = [
    ...(locked?.plan.contrasts ?? []),
    ...spec.contrasts,
    ...others.map((left) => ({ left, right: first! })),
  ].filter(({ left, right }) => known.has(left) && known.has(right));
  const byKey = new Map<string, Contrast>();
  for (const contrast of all) {
    const key = contrastKey(contrast);
    if (!byKey.has(key)) byKey.set(key, contrast);
  }
  return [...byKey.values()];
}

/** How a report is made otherwise than the specification says. */
export interface AnalysisChanges {
  readonly early?: AnalysisPlan['early'] | undefined;
  readonly late?: AnalysisPlan['late'] | undefined;
  readonly margin?: number | undefined;
  /** Further contrasts, each as `A:B` with the names of two arms. */
  readonly contrasts?: readonly string[] | undefined;
}

/**
 * Returns a study with changes to its analysis. The locked plan stays as it is, so the report says what is after the fact.
 * @throws HoldfastError `E_USAGE` for a contrast that does not name two arms, and for rounds that no dialogue has
 */
export function withChanges<Study extends StudyFacts>(study: Study, changes: AnalysisChanges): Study {
  const { spec } = study;
  const { early = spec.early, late = spec.late, margin = spec.margin, contrasts = [] } = changes;
  checkWindows(changes, { early, late }, Math.max(...spec.sources.map(({ rounds }) => rounds)));
  const names = spec.arms.map(({ name }) => name);
  const added = contrasts.map((text) => parseContrast(text, names));
  return {
    ...study,
    spec: { ...spec, early, late, margin, contrasts: [...spec.contrasts, ...added] },
    reportOptions: optionsOf(changes),
  };
}

/** Checks rounds that were given. Those of a specification were checked when it was read. */
function checkWindows(
  given: Pick<AnalysisChanges, 'early' | 'late'>,
  { early, late }: Pick<AnalysisPlan, 'early' | 'late'>,
  longest: number,
): void {
  if (given.early === undefined && given.late === undefined) return;
  for (const [field, rounds] of [['--early', given.early] as const, ['--late', given.late] as const]) {
    if (rounds === undefined || (rounds[0] <= rounds[1] && rounds[1] <= longest)) continue;
    throw new HoldfastError('E_USAGE', `not rounds of the study: ${rounds.join('-')}`, {
      field,
      hint: `Give the first and the last round, from 1 to ${longest}`,
    });
  }
  if (early[1] < late[0]) return;
  throw new HoldfastError(
    'E_USAGE',
    `early rounds end with ${early[1]}, and late rounds begin with ${late[0]}`,
    {
      field: given.late === undefined ? '--early' : '--late',
      hint: 'Late rounds must begin after the early ones end',
    },
  );
}

/** Returns a study whose report also makes one contrast. */
export function withContrast<Study extends StudyFacts>(study: Study, contrast: Contrast): Study {
  const { spec } = study;
  return { ...study, spec: { ...spec, contrasts: [...spec.contrasts, contrast] } };
}

/** Returns the changes as options of `study report`. */
function optionsOf({ early, late, margin, contrasts = [] }: AnalysisChanges): string[] {
  return [
    ...contrasts.map((text) => `--contrast ${JSON.stringify(text)}`),
    ...(early === undefined ? [] : [`--early ${early.join('-')}`]),
    ...(late === undefined ? [] : [`--late ${late.join('-')}`]),
    ...(margin === undefined ? [] : [`--margin ${margin}`]),
  ];
}

/** Reads `A:B`. Names of arms may contain colons, so every colon is tried. */
function parseContrast(text: string, names: readonly string[]): Contrast {
  const colons = [...text.matchAll(/:/g)].map(({ index }) => index);
  const found = colons
    .map((at) => ({ left: text.slice(0, at).trim(), right: text.slice(at + 1).trim() }))
    .filter(({ left, right }) => left !== right && names.includes(left) && names.includes(right));
  const [contrast] = found;
  if (contrast !== undefined && found.length === 1) return contrast;
  throw new HoldfastError('E_USAGE', `not two arms of the study: ${text}`, {
    field: '--contrast',
    hint: `Write A:B with two of ${names.map((name) => `"${name}"`).join(', ')}`,
  });
}
