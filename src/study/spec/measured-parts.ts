import { isUntouched } from './arm-parts.js';
import type { Placed, Report } from './read-value.js';
import type { AnalysisPlan, ArmSpec, MeasuredPart, PrimaryOutcome } from './spec.js';

/** What a study can measure of an arm, in the order of its cells. */
export const MEASURED_PARTS: readonly MeasuredPart[] = ['dialogues', 'costs', 'influence'];

/** Returns whether a part of an arm is measured, if the study measures it at all. */
export const measures = ({ measure }: Pick<ArmSpec, 'measure'>, part: MeasuredPart): boolean =>
  measure?.includes(part) ?? true;

/** Returns the part of an arm that a primary outcome is computed from; null without a primary outcome. */
export const partOf = (primary: PrimaryOutcome | null): MeasuredPart | null =>
  primary === null ? null : primary.endsWith('influence') ? 'influence' : 'dialogues';

/** The parts of a study that decide what its arms must measure. */
interface StudyParts extends Pick<AnalysisPlan, 'primary' | 'contrasts'> {
  /** Whether the study measures influence. */
  readonly influence: boolean;
}

/**
 * Reports arms that leave out what others need: the first arm and the untouched one measure everything, a part that is
 * named must be one that the study measures, and both arms of a contrast have the primary outcome.
 */
export function checkMeasuredParts(
  arms: readonly Placed<ArmSpec>[],
  { primary, contrasts, influence }: StudyParts,
  report: Report,
): void {
  const needed = partOf(primary);
  const compared = new Set(contrasts.flatMap(({ left, right }) => [left, right]));
  for (const [index, { value: arm, tree }] of arms.entries()) {
    if (arm.measure === undefined) continue;
    const complain = (text: string): void => report({ ...tree.at, text: `measure: ${text}` });
    if (index === 0 || isUntouched(arm)) {
      complain(`${arm.name} measures everything, because other arms are compared with it`);
    } else if (!influence && arm.measure.includes('influence')) {
      complain('the study does not measure influence; add the key influence, for example "influence: {}"');
    } else if (needed !== null && compared.has(arm.name) && !measures(arm, needed)) {
      complain(`${arm.name} is compared in the primary outcome, ${primary}, and needs ${needed}`);
    }
  }
}
