import type { Study, StudySource } from '../study/index.js';
import { FEWEST } from './inference.js';

/**
 * Returns what a study will not be able to tell, one sentence each, before it is run: sources with too few independent
 * dialogues, without probes, or without the held-out items that its costs need.
 */
export function forecast({ spec, sources }: Pick<Study, 'spec' | 'sources'>): string[] {
  return sources.flatMap((source) => [
    ...tooFewWords(source, spec.seeds.length),
    ...(source.probed
      ? []
      : [
          `the source "${source.name}" asks no probes, so the report will have no stability: only shares${spec.influence === null ? '' : ', influence'} and costs`,
        ]),
    ...costWords(source),
  ]);
}

/** A scenario is what an index of a source stands for: a system prompt and its user. Its seeds are the same scenario again. */
function tooFewWords({ name, dialogues, prompts }: StudySource, seeds: number): string[] {
  const independent = prompts === 1 ? dialogues : prompts;
  if (independent >= FEWEST) return [];
  const repeated = seeds === 1 ? '' : `, each ${seeds} times`;
  const has = `${counted(dialogues, 'scenario')}${repeated}, with ${counted(prompts, 'system prompt')}`;
  const needs =
    prompts === 1
      ? `at least ${FEWEST} scenarios: a scenario is a prompt and its user, and its seeds are not independent of each other`
      : `at least ${FEWEST} different system prompts: scenarios with one prompt, and the seeds of a scenario, are not independent of each other`;
  return [
    `the source "${name}" has ${has}: the report will say of every difference that it cannot be told. An interval needs ${needs}`,
  ];
}

const ITEMS = { kl: 'held-out dialogues', perplexity: 'held-out texts', choice: 'questions' } as const;

function costWords({ name, heldOut }: StudySource): string[] {
  return (['kl', 'perplexity', 'choice'] as const).flatMap((measure) => {
    const { asked, found } = heldOut[measure];
    if (found >= asked) return [];
    return found === 0
      ? [
          `the material of the source "${name}" has no ${ITEMS[measure]}, so ${measure} is not measured: add some, or write costs: { ${measure}: 0 }`,
        ]
      : [
          `the material of the source "${name}" has only ${found} ${ITEMS[measure]} of the ${asked} that ${measure} asks for`,
        ];
  });
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
