import type { StudyResult } from './study-result.js';

/** How much of the plan is not there; nothing when all is. */
export function planWords({ records, gaps }: Pick<StudyResult, 'records' | 'gaps'>): string[] {
  if (gaps.length === 0) return [];
  const failed = gaps.filter(({ error }) => error !== null).length;
  const parts = [
    { count: gaps.length - failed, what: 'not computed' },
    { count: failed, what: 'failed' },
  ].filter(({ count }) => count > 0);
  return [
    `Not all is there: of ${records.length + gaps.length} planned cells ${parts.map(({ count, what }) => `${count} ${what}`).join(', ')}.`,
  ];
}
