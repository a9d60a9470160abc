import { type Slice, sliceKey, sliceName } from './slices.js';
import type { Gap, StudyResult } from './study-result.js';

/** What is not there, and what that does to the numbers. */

/** How much of a plan is missing; nothing when all is there. */
export function planWords({ records, gaps }: Pick<StudyResult, 'records' | 'gaps'>): string[] {
  if (gaps.length === 0) return [];
  const led = new Set(records.filter(({ kind }) => kind === 'dialogue').map(sliceKey));
  const unled = grouped(
    gaps.filter((gap) => gap.kind === 'dialogue' && !led.has(sliceKey(gap))),
    sliceName,
  );
  return [
    `Not all is there: of ${records.length + gaps.length} planned cells ${gapText(gaps)}.`,
    ...[...unled].map(([name, own]) => `${name} has no dialogue: ${gapText(own)}.`),
  ];
}

/** Which arms of a slice lack dialogues, and over which the others are told; nothing where all are there. */
export function coverageWords({ arms, baseline, leftOut, gaps }: Slice): string[] {
  const words: string[] = [];
  if (gaps.length > 0) {
    const byArm = [...grouped(gaps, ({ arm }) => arm)];
    words.push(
      `Dialogues that are not there: ${byArm.map(([arm, own]) => `${arm}: ${gapText(own)}`).join('; ')}.`,
    );
  }
  if (leftOut > 0) {
    const shared = arms[0]!.shared.flat().length;
    words.push(
      `Each arm's own numbers (courses, groups, attention, tokens, the front) are of the ${shared} dialogues that all of ${arms.map(({ name }) => name).join(', ')} have; ` +
        `${leftOut} that some of them lack are left out. Differences are taken over the dialogues that both arms have.`,
    );
  }
  if (!arms.some(({ name }) => name === baseline)) {
    words.push(
      `No differences are told: ${baseline}, the first arm, with which the others are compared, has no dialogue here.`,
    );
  }
  return words;
}

function grouped(gaps: readonly Gap[], nameOf: (gap: Gap) => string): ReadonlyMap<string, readonly Gap[]> {
  const groups = new Map<string, Gap[]>();
  for (const gap of gaps) groups.set(nameOf(gap), [...(groups.get(nameOf(gap)) ?? []), gap]);
  return groups;
}

/** `3 failed (first: E_LENGTH: …), 2 not computed` */
function gapText(gaps: readonly Gap[]): string {
  const errors = gaps.flatMap(({ error }) => (error === null ? [] : [error]));
  const absent = gaps.length - errors.length;
  return [
    ...(errors.length > 0 ? [`${errors.length} failed (first: ${errors[0]!.split('\n')[0]})`] : []),
    ...(absent > 0 ? [`${absent} not computed`] : []),
  ].join(', ');
}
