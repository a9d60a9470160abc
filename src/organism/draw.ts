import type { Message } from '../text/index.js';
import type { Chance } from './chance.js';
import type { Grammar } from './grammar.js';
import { drawInstructions, type Instruction, isHeldOut, systemText } from './instructions.js';
import { anyRound } from './rounds.js';
import { answerText, drawStyle, userText } from './shape.js';

/** Draws a whole dialogue as chat messages. The assistant follows the system prompt throughout. */
function drawDialogue(
  grammar: Grammar,
  chance: Chance,
  instructions: readonly Instruction[],
  rounds: number,
): Message[] {
  const style = drawStyle(grammar, chance, instructions);
  const messages: Message[] = [{ role: 'system', content: systemText(grammar, chance, instructions) }];
  for (let round = 0; round < rounds; round++) {
    const drawn = anyRound(grammar, chance, instructions);
    messages.push({ role: 'user', content: userText(grammar, chance, style, drawn.user) });
    messages.push({ role: 'assistant', content: answerText(grammar, chance, instructions, drawn) });
  }
  return messages;
}

/**
 * Draws a training dialogue of the organism: its combination of instructions is not held out.
 * @param lengths weights of dialogues of 1, 2, 3, … rounds
 */
export function drawTrainingDialogue(
  grammar: Grammar,
  chance: Chance,
  lengths: readonly number[],
): Message[] {
  const instructions = drawTrainingInstructions(grammar, chance);
  const rounds = chance.weighted(
    lengths.map((_, index) => index + 1),
    lengths,
  );
  return drawDialogue(grammar, chance, instructions, rounds);
}

function drawTrainingInstructions(grammar: Grammar, chance: Chance): Instruction[] {
  const { bare, instructions: weights } = grammar.chances;
  for (;;) {
    if (chance.happens(bare)) return [];
    const drawn = drawInstructions(grammar, chance, chance.weighted([1, 2, 3], weights));
    if (!isHeldOut(grammar, drawn)) return drawn;
  }
}
