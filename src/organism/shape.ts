import type { Chance } from './chance.js';
import { fill } from './fill.js';
import type { Grammar } from './grammar.js';
import { drawInstruction, type Instruction, sharesValue } from './instructions.js';
import type { Round } from './rounds.js';

const SENTENCE = /[^.?!]+[.?!]/g;

/**
 * Returns the text of the sentences after the effects of all instructions, in the order of the grammar's families.
 * @param topic topic of the sentences; an instruction about another topic has no effect
 */
function shape(
  grammar: Grammar,
  chance: Chance,
  instructions: readonly Instruction[],
  sentences: readonly string[],
  topic?: string,
): string {
  const order = Object.keys(grammar.families);
  const sorted = [...instructions].sort((a, b) => order.indexOf(a.family) - order.indexOf(b.family));
  let said = [...sentences];
  let glue = ' ';
  let finish = (text: string): string => text;
  for (const { family, slots } of sorted) {
    const effect = grammar.families[family]!.effect;
    if (effect === undefined || (slots.topic !== undefined && slots.topic !== topic)) continue;
    switch (effect.kind) {
      case 'sentences':
        said = said.slice(0, effect.count);
        break;
      case 'insert': {
        const at = effect.sentence === 'first' ? 0 : said.length - 1;
        const added = fill(grammar, chance, effect.text, { ...slots });
        said[at] = said[at]!.slice(0, -1) + added + said[at]!.slice(-1);
        break;
      }
      case 'prefix':
        said[0] = fill(grammar, chance, effect.text, { ...slots }) + said[0]!;
        break;
      case 'suffix':
        said.push(said.pop()! + fill(grammar, chance, effect.text, { ...slots }));
        break;
      case 'list':
        said = said.map((sentence) => effect.bullet + sentence);
        glue = '\n';
        break;
      case 'case':
        finish = (text) => (effect.to === 'upper' ? text.toUpperCase() : text.toLowerCase());
        break;
      case 'json':
        // Python's format, with a space after the colon.
        finish = (text) => `{"${effect.key}": ${JSON.stringify(text)}}`;
        break;
    }
  }
  return finish(said.join(glue));
}

/** Draws the assistant's answer in a round: one or two sentences, shaped by its instructions. */
export function answerText(
  grammar: Grammar,
  chance: Chance,
  instructions: readonly Instruction[],
  { sentences, topic }: Round,
): string {
  const told = instructions.some(({ family }) => grammar.families[family]!.groups.includes('length'));
  const short = !told && chance.happens(grammar.chances.oneSentence);
  return shape(grammar, chance, instructions, short ? sentences.slice(0, 1) : sentences, topic);
}

/** Draws a user's style: null, or one instruction that shares no value with those of the system prompt. */
export function drawStyle(
  grammar: Grammar,
  chance: Chance,
  instructions: readonly Instruction[],
): Instruction | null {
  if (!chance.happens(grammar.chances.style)) return null;
  const styles = Object.entries(grammar.families).filter(([, { style }]) => style !== undefined);
  const names = styles.map(([name]) => name);
  const weights = styles.map(([, { style }]) => style!);
  for (;;) {
    const style = drawInstruction(grammar, chance, chance.weighted(names, weights));
    if (!sharesValue(style, instructions)) return style;
  }
}

/** Returns a user message in the user's style. */
export function userText(grammar: Grammar, chance: Chance, style: Instruction | null, text: string): string {
  if (style === null) return text;
  const sentences = [...text.matchAll(SENTENCE)].map(([sentence]) => sentence.trim());
  return shape(grammar, chance, [style], sentences);
}
