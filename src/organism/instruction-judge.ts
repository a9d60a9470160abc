import { valuesOf } from './fill.js';
import type { Grammar } from './grammar.js';
import type { Instruction } from './instructions.js';
import { substitute } from './template.js';
import { behindKey, contentOf, wordsOf } from './words.js';

/**
 * Returns 1 if an answer follows an instruction by the rule of its family, else 0. The answer need not be fluent or to
 * the point, but an answer without a letter or digit follows nothing.
 * @param instructions all instructions of the prompt: an `only` allows the values that the others name
 */
export function judge(
  grammar: Grammar,
  instruction: Instruction,
  answer: string,
  instructions: readonly Instruction[],
): 0 | 1 {
  const content = contentOf(grammar, answer);
  if (!/[\p{L}\p{N}]/u.test(content)) return 0;
  return obeys(grammar, instruction, answer, content, instructions) ? 1 : 0;
}

function obeys(
  grammar: Grammar,
  { family, slots }: Instruction,
  answer: string,
  content: string,
  instructions: readonly Instruction[],
): boolean {
  const rule = grammar.families[family]!.judge;
  const words = wordsOf(content);
  const says = (text: string): boolean => {
    const run = wordsOf(text);
    return words.some((_, start) => run.every((word, index) => words[start + index] === word));
  };
  switch (rule.rule) {
    case 'sentences':
      return (content.match(/[.?!]+/g) ?? []).length === rule.count;
    case 'contains':
      return says(substitute(rule.text, slots));
    case 'only-from':
      return onlyFrom(grammar, rule.slot, slots, says);
    case 'first-word':
      return wordsOf(substitute(rule.text, slots)).every((word, index) => words[index] === word);
    case 'last-word': {
      const run = wordsOf(substitute(rule.text, slots));
      return run.every((word, index) => words[words.length - run.length + index] === word);
    }
    case 'lines-begin':
      return answer
        .trim()
        .split('\n')
        .every((line) => line.startsWith(rule.text) && line.slice(rule.text.length).trim() !== '');
    case 'case':
      return (
        /[A-Z]/.test(content) === (rule.is === 'upper') && /[a-z]/.test(content) === (rule.is === 'lower')
      );
    case 'json':
      return behindKey(answer, rule.key) !== null;
    case 'only': {
      const own = slots[rule.slot]!;
      const named = instructions.filter((other) => other.family !== family);
      const allowed = [own, ...named.flatMap((other) => Object.values(other.slots))];
      const rivals = valuesOf(grammar, rule.slot, slots).filter((value) => !allowed.includes(value));
      return says(own) && !rivals.some(says);
    }
    case 'withholds':
      return says(rule.says) && !says(slots[rule.slot]!);
  }
}

/** Returns whether the answer contains a value of the slot's own list and no value that is only in other lists. */
function onlyFrom(
  grammar: Grammar,
  slot: string,
  slots: Instruction['slots'],
  says: (text: string) => boolean,
): boolean {
  const own = valuesOf(grammar, slot, slots);
  const list = grammar.values[slot]!;
  const others = Array.isArray(list) ? [] : Object.values(list.lists).flat();
  return own.some(says) && !others.some((value) => !own.includes(value) && says(value));
}
