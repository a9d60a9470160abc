import { grouped } from '../grouped.js';
import { type Sample, sampleText } from './clusters.js';
import { FEW } from './inference.js';
import { sliceKey, sliceName } from './slice-labels.js';
import type { Slice } from './slices.js';
import type { StudyColumns } from './study-columns.js';
import type { Gap } from './study-result.js';

/** Says which results are missing or are not what was asked for, and how that affects the numbers. */

/** Says how much of the plan is missing; empty if the study is complete. */
export function planWords({ cells, slices, gaps }: StudyColumns): string[] {
  if (gaps.length === 0) return [];
  const led = new Set(slices.map(({ labels }) => sliceKey(labels)));
  const unled = grouped(
    gaps.filter((gap) => gap.kind === 'dialogue' && !led.has(sliceKey(gap))),
    sliceName,
  );
  return [
    `Incomplete: of ${cells + gaps.length} planned cells, ${gapText(gaps)}.`,
    ...[...unled].map(([name, own]) => `${name} has no dialogue: ${gapText(own)}.`),
  ];
}

/** Says which arms of a slice lack dialogues, which dialogues the numbers cover, and where a policy did not act as asked. */
export function coverageWords({ arms, baseline, leftOut, gaps }: Slice): string[] {
  const words: string[] = [];
  if (gaps.length > 0) {
    const ofArms = [...grouped(gaps, ({ arm }) => arm)].map(([arm, own]) => ({ arm, text: gapText(own) }));
    const byText = [...grouped(ofArms, ({ text }) => text)];
    words.push(
      `Missing dialogues, of each arm: ${byText.map(([text, own]) => `${text}: ${own.map(({ arm }) => arm).join('; ')}`).join('. ')}.`,
    );
  }
  if (leftOut > 0) {
    const shared = arms[0]!.shared.flat().length;
    words.push(
      `Numbers of single arms (courses, groups, attention, tokens, the front) cover the ${shared} dialogues that all ${arms.length} arms have; ` +
        `${leftOut} that some of them lack are left out. A difference covers the dialogues that both of its arms have.`,
    );
  }
  if (!arms.some(({ name }) => name === baseline)) {
    words.push(`No differences are shown: the baseline arm, ${baseline}, has no dialogue here.`);
  }
  return [...words, ...noticeWords(arms)];
}

/** Says what numbers rest on, what intervals and tests count where prompts repeat, and warns of few clusters. */
export function sampleWords(sample: Sample): string[] {
  const { dialogues, prompts, clusters } = sample;
  const words = [`${sampleText(sample)}.`];
  if (prompts === 1 && dialogues > 1) words.push('The results hold for this prompt, not for others.');
  else if (prompts < dialogues) {
    words.push('Dialogues of one prompt are not independent, so intervals, tests and power count prompts.');
  }
  if (clusters > 0 && clusters < FEW) {
    words.push(
      `Intervals, tests and power rest on fewer than ${FEW} ${prompts === 1 ? 'dialogues' : 'prompts'}: they are rough.`,
    );
  }
  return words;
}

/** Says in which rounds a policy did not do what its arm asks for, one sentence for each arm. */
function noticeWords(arms: Slice['arms']): string[] {
  return arms.flatMap(({ name, dialogues }) => {
    let all = 0;
    const notices: string[] = [];
    for (const { rounds, from, to } of dialogues) {
      all += to - from;
      for (let row = from; row < to; row++) {
        const notice = rounds.notices.get(row);
        if (notice !== undefined) notices.push(notice);
      }
    }
    if (notices.length === 0) return [];
    return [
      `Under ${name}, the policy did not do all that it was asked to in ${notices.length} of ${all} rounds; the first: ${notices[0]}.`,
    ];
  });
}

/** Returns, for example, `3 failed (first: E_LENGTH: …), 2 not computed`. */
export function gapText(gaps: readonly Gap[]): string {
  const errors = gaps.flatMap(({ error }) => (error === null ? [] : [error]));
  const absent = gaps.length - errors.length;
  return [
    ...(errors.length > 0 ? [`${errors.length} failed (first: ${errors[0]!.split('\n')[0]})`] : []),
    ...(absent > 0 ? [`${absent} not computed`] : []),
  ].join(', ');
}
