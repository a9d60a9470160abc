import { compileBody } from './compile-statement.js';
import { TemplateError } from './errors.js';
import type { Run } from './frame.js';
import { globalsAt } from './globals.js';
import { resetLimits } from './limits.js';
import { parseTemplate } from './parser.js';
import { enter } from './scope.js';
import { type Origin, StrBuilder } from './str.js';
import type { Clock } from './strftime.js';
import { Symbols } from './symbols.js';
import type { Value } from './values.js';

/** A rendered template. */
export interface Rendered {
  readonly text: string;
  /** Which characters come from which message: ascending and disjoint. */
  readonly origins: readonly Origin[];
}

/** A template, parsed and compiled once. */
export interface JinjaTemplate {
  /**
   * Renders the template.
   * @param names the names that the template can use, beside Jinja's functions
   * @param now the time that the template reads
   * @param characters of the values: a longer dialogue may take more steps
   * @throws TemplateError
   */
  render(names: Iterable<readonly [string, Value]>, now: Clock, characters?: number): Rendered;
}

/**
 * Parses a template.
 * @throws TemplateError
 */
export function parseJinja(source: string): JinjaTemplate {
  const { symbols, execute } = located(null, () => {
    resetLimits();
    const symbols = new Symbols(null);
    const body = parseTemplate(source);
    symbols.readBody(body);
    return { symbols, execute: compileBody(body, { symbols, isConditional: false }) };
  });
  return {
    render(names, now, characters) {
      resetLimits(characters);
      const run: Run = { context: new Map([...globalsAt(now), ...names]), line: 1, depth: 0 };
      const out = new StrBuilder();
      located(run, () => execute(enter(symbols, null, run), out));
      const { text, origins } = out.build();
      return { text, origins };
    },
  };
}

/** Runs a function, and adds the line to its errors. */
function located<T>(run: Run | null, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    if (cause instanceof TemplateError) {
      cause.line ??= run?.line ?? null;
      throw cause;
    }
    // JavaScript's own limits: the stack's depth and the length of a string.
    if (cause instanceof RangeError)
      throw new TemplateError(
        'python',
        `the template is too deep or too large: ${cause.message}`,
        run?.line ?? null,
      );
    throw cause;
  }
}
