import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Json, parseJinja, TemplateError, valueOfJson } from './index.js';

/** Written by `scripts/jinja-cases.py`: what Jinja in Python makes of each template. */
interface Cases {
  readonly names: Readonly<Record<string, Json>>;
  readonly cases: readonly {
    readonly construct: string;
    readonly source: string;
    readonly text?: string;
    /** The name of Python's exception. */
    readonly error?: string;
  }[];
}

const { names, cases } = JSON.parse(readFileSync(new URL('cases.json', import.meta.url), 'utf8')) as Cases;
const NOW = { year: 2024, month: 7, day: 5, hour: 7, minute: 8, second: 9, offset: 0 };
// A JavaScript number cannot hold this int.
const values = Object.entries(names).map(
  ([name, json]) => [name, name === 'big' ? 12345678901234567890n : valueOfJson(json)] as const,
);

function outcome(source: string): { readonly text: string } | { readonly error: TemplateError } {
  try {
    return { text: parseJinja(source).render(values, NOW).text };
  } catch (error) {
    if (error instanceof TemplateError) return { error };
    throw error;
  }
}

describe.each([...new Set(cases.map(({ construct }) => construct))])('%s', (construct) => {
  const own = cases.filter((one) => one.construct === construct);

  it.each(own.filter(({ text }) => text !== undefined))(
    'mean what they mean in Python: $source',
    ({ source, text }) => {
      expect(outcome(source)).toEqual({ text });
    },
  );

  const failing = own.filter(({ error }) => error !== undefined);
  it.runIf(failing.length > 0).each(failing)('fail where Python fails: $source', ({ source, error }) => {
    const result = outcome(source);
    if ('text' in result) throw new Error(`rendered ${JSON.stringify(result.text)}`);
    const { kind, line } = result.error;
    // Jinja raises TemplateError itself only for raise_exception.
    const kinds =
      error === 'TemplateError'
        ? ['raised']
        : error === 'TemplateSyntaxError'
          ? ['syntax']
          : ['python', 'syntax'];
    expect(kinds).toContain(kind);
    expect(line).toBe(1);
  });
});
