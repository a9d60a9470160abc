import { linesIn } from './words.js';

const STATEMENT =
  /^(?:(?:async )?def \w+\(|(?:export )?(?:async )?function\b.*\(|(?:const|let|var) \w+ ?=|import [\w{*]+.* from |from \w+ import |import \w+;?$|class \w+.*[:{]$|#include|SELECT .+ FROM |public |return .+;$|print\(|console\.log\(|for ?\(|while ?\(|if ?\(.+\) ?\{?$)|[;{}]$/u;

/** Returns whether an answer contains code: a fence, or a line that looks like a statement. */
const hasCode = (answer: string): boolean =>
  answer.includes('```') || linesIn(answer).some((line) => STATEMENT.test(line));

/** Returns whether an answer asks a question and contains no code. */
export const asksBeforeCode = (answer: string): boolean => /[?？؟]/u.test(answer) && !hasCode(answer);
