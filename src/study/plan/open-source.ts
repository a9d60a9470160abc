import { type HeldOutDialogue, loadChoices, loadMaterial, type Material } from '../../material/index.js';
import { drawBareTrial, drawTrial, loadGrammar, type Trial } from '../../organism/index.js';
import {
  organismSource,
  primedSource,
  replaySource,
  type ScenarioSource,
  scriptSource,
  selfChatSource,
} from '../../scenario/index.js';
import type { CostsSpec, SourceSpec } from '../spec/index.js';
import { type AskedQuestion, askedBehind, EXCHANGES_BEFORE, textDialogue } from './held-out.js';

/** A source of dialogues and the items that costs are measured on, read and ready to use. */
export interface OpenedSource {
  readonly scenarios: ScenarioSource;
  readonly heldOut: HeldOut;
}

/** Held-out items by measure, as plain JSON: as many as the study asks for, or fewer if there are fewer. */
export interface HeldOut {
  readonly kl: readonly HeldOutDialogue[];
  readonly perplexity: readonly HeldOutDialogue[];
  readonly choice: readonly AskedQuestion[];
}

/** The organism's first trial for costs: no study has so many dialogues that it leads this one. */
const FIRST_HELD_OUT = 100_000;

/**
 * Opens a source of dialogues. The organism has its own held-out dialogues, with and without instructions; the other
 * sources use those of the material.
 * @throws HoldfastError what reading material, questions and recorded dialogues throws
 */
export function openSource(source: SourceSpec, costs: CostsSpec): OpenedSource {
  const asked = costs.choice?.questions ?? undefined; // null: all
  const questions = costs.choice === null ? [] : loadChoices(costs.choice.file).slice(0, asked);
  if (source.kind === 'organism') {
    const grammar = loadGrammar();
    const items = (count: number, draw: typeof drawTrial): HeldOutDialogue[] =>
      Array.from({ length: count }, (_, at) =>
        trialDialogue(draw(grammar, FIRST_HELD_OUT + at, source.rounds)),
      );
    // This one is long enough even if the source has fewer rounds.
    const before = trialDialogue(drawTrial(grammar, FIRST_HELD_OUT, EXCHANGES_BEFORE));
    return {
      scenarios: organismSource(grammar, source.rounds),
      heldOut: {
        kl: items(costs.kl, drawTrial),
        perplexity: items(costs.perplexity, drawBareTrial),
        choice: askedBehind([before], questions),
      },
    };
  }
  const material = loadMaterial('material' in source ? (source.material ?? undefined) : undefined);
  return {
    scenarios: openScenarios(source, material),
    heldOut: {
      kl: material.dialogues.slice(0, costs.kl),
      perplexity: material.texts.slice(0, costs.perplexity).map(textDialogue),
      choice: askedBehind(material.dialogues, questions),
    },
  };
}

function openScenarios(
  source: Exclude<SourceSpec, { kind: 'organism' }>,
  material: Material,
): ScenarioSource {
  switch (source.kind) {
    case 'self-chat':
      return selfChatSource(material, source);
    case 'script':
      return scriptSource(material, source);
    case 'primed':
      return primedSource(material, source);
    case 'replay':
      return replaySource(source.file, source.rounds);
  }
}

function trialDialogue({ index, system, rounds, instructions }: Trial): HeldOutDialogue {
  return {
    id: `${instructions.length === 0 ? 'bare' : 'organism'}-${index}`,
    system,
    exchanges: rounds.map(({ user, reference }) => ({ user, assistant: reference })),
  };
}
