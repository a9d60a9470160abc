import { keepsToBudget } from './budget.js';
import { committedLetter, isLetterAlone } from './choice-letter.js';
import { asksBeforeCode } from './code-question.js';
import { countOf, countsPer } from './count.js';
import { followsIfeval } from './ifeval.js';
import { hasJsonShape } from './json-shape.js';
import { languageScore } from './language.js';
import { normalize } from './normal-form.js';
import { keepsPairs } from './pairs.js';
import { matcherOf } from './pattern.js';
import type { Rule, SimpleRule } from './rule.js';
import { leaks } from './withholds.js';
import { beginsWith, contains, endsWith, linesIn, saysAnything } from './words.js';

/**
 * Version of the judges. Raise it whenever an answer may score otherwise under the same rule. It is part of the content
 * of every scenario that these judges score, so that scores of different versions are never mixed.
 */
export const JUDGE_VERSION = 2;

/**
 * Scores how well an answer follows a rule, 0…1. Deterministic. Checks only what the rule states, not whether the answer
 * is fluent, English or to the point.
 */
export function judgeAnswer(rule: Rule, answer: string): number {
  if (!saysAnything(answer)) return 0;
  if (rule.rule !== 'all' && rule.rule !== 'any' && rule.rule !== 'mean') return scoreOf(rule, answer);
  const scores = rule.of.map((part) => judgeAnswer(part, answer));
  if (rule.rule === 'all') return Math.min(...scores);
  if (rule.rule === 'any') return Math.max(...scores);
  return scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

const scoreOf = (rule: SimpleRule, answer: string): number =>
  rule.rule === 'language' ? languageScore(rule.is, answer) : passes(rule, answer) ? 1 : 0;

function passes(rule: Exclude<SimpleRule, { rule: 'language' }>, answer: string): boolean {
  switch (rule.rule) {
    case 'begins-with':
      return rule.texts.some((text) => beginsWith(answer, text, rule.exact === true));
    case 'ends-with':
      return rule.texts.some((text) => endsWith(answer, text, rule.exact === true));
    case 'contains-all':
      return rule.texts.every((text) => contains(answer, text, rule.exact === true));
    case 'contains-any':
      return rule.texts.some((text) => contains(answer, text, rule.exact === true));
    case 'contains-none':
      return !rule.texts.some((text) => contains(answer, text, rule.exact === true));
    case 'case':
      return !(rule.is === 'upper' ? /\p{Ll}/u : /[\p{Lu}\p{Lt}]/u).test(answer);
    case 'no-characters': {
      const banned = new Set(normalize(rule.characters).toLowerCase());
      return ![...normalize(answer).toLowerCase()].some((character) => banned.has(character));
    }
    case 'no-digits':
      return !/\p{Nd}/u.test(answer);
    case 'choice': {
      if (rule.only === true && !isLetterAlone(answer, rule.options)) return false;
      const letter = committedLetter(answer, rule.options);
      return letter !== null && (rule.is ?? rule.options).includes(letter);
    }
    case 'count': {
      const { of, per, min = 0, max = Number.POSITIVE_INFINITY } = rule;
      const counts = per === undefined ? [countOf(of, answer)] : countsPer(per, of, answer);
      return counts.every((count) => count >= min && count <= max);
    }
    case 'every-line':
      return linesIn(normalize(answer)).every(matcherOf(rule.pattern));
    case 'pattern':
      return matcherOf(rule.pattern)(normalize(answer).trim());
    case 'json':
      return hasJsonShape(rule, answer);
    case 'pairs':
      return keepsPairs(rule.of, answer);
    case 'budget':
      return keepsToBudget(rule.max, rule.take, answer);
    case 'asks-before-code':
      return asksBeforeCode(answer);
    case 'withholds':
      return !rule.secrets.some((secret) => leaks(answer, secret));
    case 'ifeval':
      return followsIfeval(rule, answer);
  }
}
