import { type Sample, sampleText } from './clusters.js';
import { FEW } from './inference.js';
import { type Slice, sliceKey, sliceName } from './slices.js';
import type { Gap, StudyResult } from './study-result.js';

/** Says which results are missing or are not what was asked for, and how that affects the numbers. */

/** Says how much of the plan is missing; empty if the study is complete. */
export function planWords({ records, gaps }: Pick<StudyResult, 'records' | 'gaps'>): string[] {
  if (gaps.length === 0) return [];
  const led = new Set(records.filter(({ kind }) => kind === 'dialogue').map(sliceKey));
  const unled = grouped(
    gaps.filter((gap) => gap.kind === 'dialogue' && !led.has(sliceKey(gap))),
    sliceName,
  );
  return [
    `Incomplete: of ${records.length + gaps.length} planned cells, ${gapText(gaps)}.`,
    ...[...unled].map(([name, own]) => `${name} has no dialogue: ${gapText(own)}.`),
  ];
}

/** Says which arms of a slice lack dialogues, which dialogues the numbers cover, and where a policy did not act as asked. */
export function coverageWords({ arms, baseline, sample, leftOut, gaps }: Slice): string[] {
  const words = [...sampleWords(sample), ...fewWords(sample)];
  if (gaps.length > 0) {
    const byArm = [...grouped(gaps, ({ arm }) => arm)];
    words.push(`Missing dialogues: ${byArm.map(([arm, own]) => `${arm}: ${gapText(own)}`).join('; ')}.`);
  }
  if (leftOut > 0) {
    const shared = arms[0]!.shared.flat().length;
    words.push(
      `Numbers of single arms (courses, groups, attention, tokens, the front) cover the ${shared} dialogues that all of ${arms.map(({ name }) => name).join(', ')} have; ` +
        `${leftOut} that some of them lack are left out. A difference covers the dialogues that both of its arms have.`,
    );
  }
  if (!arms.some(({ name }) => name === baseline)) {
    words.push(`No differences are shown: the baseline arm, ${baseline}, has no dialogue here.`);
  }
  return [...words, ...noticeWords(arms)];
}

/** Says what intervals and tests count where prompts repeat; empty if every dialogue has its own prompt. */
function sampleWords(sample: Sample): string[] {
  const { dialogues, prompts } = sample;
  if (prompts === dialogues || dialogues === 0) return [];
  return prompts === 1
    ? [`All ${dialogues} dialogues have one prompt: the results hold for this prompt, not for others.`]
    : [
        `${sampleText(sample)}: dialogues of one prompt are not independent, so intervals, tests and power count prompts.`,
      ];
}

/** Warns of few clusters. */
function fewWords({ clusters }: Sample): string[] {
  return clusters > 0 && clusters < FEW
    ? [`Intervals, tests and power rest on ${clusters} prompts or dialogues, fewer than ten: they are rough.`]
    : [];
}

/** Says in which rounds a policy did not do what its arm asks for, one sentence for each arm. */
function noticeWords(arms: Slice['arms']): string[] {
  return arms.flatMap(({ name, dialogues }) => {
    const rounds = dialogues.flatMap(({ rounds }) => rounds);
    const notices = rounds.flatMap(({ notice }) => notice ?? []);
    if (notices.length === 0) return [];
    return [
      `Under ${name}, the policy did not do all that it was asked to in ${notices.length} of ${rounds.length} rounds; the first: ${notices[0]}.`,
    ];
  });
}

function grouped(gaps: readonly Gap[], nameOf: (gap: Gap) => string): ReadonlyMap<string, readonly Gap[]> {
  const groups = new Map<string, Gap[]>();
  for (const gap of gaps) groups.set(nameOf(gap), [...(groups.get(nameOf(gap)) ?? []), gap]);
  return groups;
}

/** Returns, for example, `3 failed (first: E_LENGTH: …), 2 not computed`. */
function gapText(gaps: readonly Gap[]): string {
  const errors = gaps.flatMap(({ error }) => (error === null ? [] : [error]));
  const absent = gaps.length - errors.length;
  return [
    ...(errors.length > 0 ? [`${errors.length} failed (first: ${errors[0]!.split('\n')[0]})`] : []),
    ...(absent > 0 ? [`${absent} not computed`] : []),
  ].join(', ');
}
