import { HoldfastError } from '../../errors.js';
import { readTextNow } from '../../files/index.js';
import {
  type ChoiceQuestion,
  type HeldOutDialogue,
  loadChoices,
  loadMaterial,
  loadRules,
  type Material,
} from '../../material/index.js';
import { drawBareTrial, drawTrial, type Grammar, loadGrammar, type Trial } from '../../organism/index.js';
import {
  everydayUsers,
  type OwnPrompt,
  organismSource,
  organismUsers,
  primedSource,
  promptSource,
  replaySource,
  type ScenarioSource,
  scriptSource,
  selfChatSource,
} from '../../scenario/index.js';
import type { CostsSpec, SourceSpec } from '../spec/index.js';
import { type AskedQuestion, askedBehind, EXCHANGES_BEFORE, textDialogue, underPrompt } from './held-out.js';

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
 * sources use those of the material. Under a prompt of the user's own, KL divergence is measured on these dialogues with
 * that prompt.
 * @throws HoldfastError what reading prompts, rules, material, questions and recorded dialogues throws
 */
export function openSource(source: SourceSpec, costs: CostsSpec): OpenedSource {
  const asked = costs.choice?.questions ?? undefined; // null: all
  const questions = costs.choice === null ? [] : loadChoices(costs.choice.file).slice(0, asked);
  if (source.kind === 'organism' || (source.kind === 'prompt' && source.users === 'organism')) {
    const grammar = loadGrammar();
    const heldOut = organismHeldOut(grammar, source.rounds, costs, questions);
    if (source.kind === 'organism') return { scenarios: organismSource(grammar, source.rounds), heldOut };
    const own = readOwnPrompt(source);
    return {
      scenarios: promptSource(own, source.rounds, organismUsers(grammar)),
      heldOut: { ...heldOut, kl: bareTrials(grammar, source.rounds, costs.kl, own.system) },
    };
  }
  const material = loadMaterial('material' in source ? (source.material ?? undefined) : undefined);
  const heldOut = {
    kl: material.dialogues.slice(0, costs.kl),
    perplexity: material.texts.slice(0, costs.perplexity).map(textDialogue),
    choice: askedBehind(material.dialogues, questions),
  };
  if (source.kind !== 'prompt') return { scenarios: openScenarios(source, material), heldOut };
  const own = readOwnPrompt(source);
  return {
    scenarios: promptSource(own, source.rounds, everydayUsers(material)),
    heldOut: { ...heldOut, kl: underPrompt(own.system, material.dialogues, source.rounds, costs.kl) },
  };
}

/** Returns held-out items in the organism's language: dialogues that follow instructions, and dialogues without any. */
function organismHeldOut(
  grammar: Grammar,
  rounds: number,
  costs: CostsSpec,
  questions: readonly ChoiceQuestion[],
): HeldOut {
  const items = (count: number, draw: typeof drawTrial): HeldOutDialogue[] =>
    Array.from({ length: count }, (_, at) => trialDialogue(draw(grammar, FIRST_HELD_OUT + at, rounds)));
  // This one is long enough even if the source has fewer rounds.
  const before = trialDialogue(drawTrial(grammar, FIRST_HELD_OUT, EXCHANGES_BEFORE));
  return {
    kl: items(costs.kl, drawTrial),
    perplexity: items(costs.perplexity, drawBareTrial),
    choice: askedBehind([before], questions),
  };
}

/** Returns held-out dialogues of the organism without instructions, under a system prompt. */
function bareTrials(grammar: Grammar, rounds: number, count: number, system: string): HeldOutDialogue[] {
  return Array.from({ length: count }, (_, at) => ({
    ...trialDialogue(drawBareTrial(grammar, FIRST_HELD_OUT + at, rounds)),
    system,
  }));
}

/**
 * Reads a system prompt and its rules. White space around the prompt is not part of it.
 * @throws HoldfastError `E_MATERIAL` if the file is blank; `E_NOT_FOUND`, `E_UNREADABLE`, and what {@link loadRules} throws
 */
function readOwnPrompt({ file, rules }: Extract<SourceSpec, { kind: 'prompt' }>): OwnPrompt {
  const system = readTextNow(file).trim();
  if (system === '')
    throw new HoldfastError('E_MATERIAL', 'the file with the system prompt is blank', { file });
  return { system, rules: rules === null ? null : loadRules(rules) };
}

function openScenarios(
  source: Exclude<SourceSpec, { kind: 'organism' | 'prompt' }>,
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
