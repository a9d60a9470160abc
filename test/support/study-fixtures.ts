import type { Scenario, ScenarioSource } from '../../src/scenario/index.js';
import type { Found, ModelFacts, StudySpec } from '../../src/study/index.js';

/** Returns scenarios that are never run: only their contents matter. */
export function scenariosOf(
  content: (index: number) => unknown,
  rounds: number,
  size: number | null,
): ScenarioSource {
  return {
    size,
    at: (index): Scenario => ({
      id: `s${index}`,
      group: 'test',
      system: JSON.stringify(content(index)),
      given: [],
      rounds,
      content: content(index),
      openUser: () => {
        throw new Error('this scenario must not be run');
      },
      probesAfter: () => [],
      obedience: () => null,
      ability: () => null,
      reference: null,
      unrelated: null,
    }),
  };
}

export const FACTS: ModelFacts = {
  hash: 'a'.repeat(64),
  templateHash: 'b'.repeat(64),
  mayWriteTime: false,
  size: { parameters: 1, dialogueBytes: 1024 },
  setupHash: 'c'.repeat(64),
  // As in the embedded model, layers 2, 4 and 5 see the whole dialogue.
  grid: { layers: 6, heads: 5 },
  seeing: [10, 11, 12, 13, 14, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29],
  precision: 'auto',
};

/** Returns a distinct model, and a source of any size, for every name in a specification. */
export function foundFor(spec: Pick<StudySpec, 'models' | 'sources'>, size: number | null = null): Found {
  return {
    models: new Map(spec.models.map(({ name, path }) => [name, { ...FACTS, hash: path }])),
    sources: new Map(
      spec.sources.map(({ name, kind, rounds }) => [
        name,
        {
          scenarios: scenariosOf((index) => ({ kind, index }), rounds, size),
          heldOut: {
            kl: Array.from({ length: 30 }, (_, item) => ({ dialogue: item })),
            perplexity: Array.from({ length: 30 }, (_, item) => ({ text: item })),
            choice: Array.from({ length: 5 }, (_, item) => ({ question: item })),
          },
        },
      ]),
    ),
  };
}
