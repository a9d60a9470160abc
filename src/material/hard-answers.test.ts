import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { judgeAnswer } from './judge.js';
import type { Rule } from './rule.js';

/** Hard answers to one rule, sorted by what a careful person says of them. */
interface Hard {
  readonly about: string;
  readonly rule: Rule;
  readonly pass: readonly string[];
  readonly fail: readonly string[];
  /** Known errors: answers that a person would pass and the judge fails, and the other way round. */
  readonly wronglyFailed?: readonly string[];
  readonly wronglyPassed?: readonly string[];
}

const HARD: readonly Hard[] = parse(
  readFileSync(new URL('../../test/fixtures/material/hard-answers.yaml', import.meta.url), 'utf8'),
);

const TABLE = HARD.flatMap(({ about, rule, pass, fail, wronglyFailed = [], wronglyPassed = [] }) => [
  ...[...pass, ...wronglyPassed].map((answer) => ({ about, rule, answer, passes: true })),
  ...[...fail, ...wronglyFailed].map((answer) => ({ about, rule, answer, passes: false })),
]);

describe('hard answers', () => {
  it.each(TABLE)('$about: $answer passes: $passes', ({ rule, answer, passes }) => {
    expect(judgeAnswer(rule, answer) > 0.5).toBe(passes);
  });

  it('number at least 150, of which less than a twelfth are known errors', () => {
    const known = HARD.flatMap(({ wronglyFailed = [], wronglyPassed = [] }) => [
      ...wronglyFailed,
      ...wronglyPassed,
    ]);
    expect(TABLE.length).toBeGreaterThan(150);
    expect(known.length).toBeLessThan(TABLE.length / 12);
    const guide = readFileSync(new URL('../../docs/guide/material.md', import.meta.url), 'utf8');
    expect(guide).toContain(`holds ${TABLE.length} hard answers`);
    expect(guide).toContain(`agree with the person on all but ${known.length},`);
  });

  it('are judged in a moment, even if they are long and repeat what a rule looks for', () => {
    const started = performance.now();
    for (const part of ['A or ', 'B, ', 'not ', 'z. B. ', '1. ', '! ', '👨‍👩‍👧', 'seat 47 3 coach ']) {
      const answer = part.repeat(Math.ceil(2000 / part.length));
      for (const { rule } of HARD) judgeAnswer(rule, answer);
    }
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});
