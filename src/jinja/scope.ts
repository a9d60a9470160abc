import type { Statement } from './ast.js';
import { fail } from './errors.js';
import { Frame } from './frame.js';
import { countSteps } from './limits.js';
import type { StrBuilder } from './str.js';
import { Symbols } from './symbols.js';
import type { Value } from './values.js';

/** Where code is compiled. */
export interface Scope {
  readonly symbols: Symbols;
  /** Whether the code may never run: unknown filters and tests are errors only when they are reached. */
  readonly isConditional: boolean;
}

/** How a statement ended: normally, or on the way out of a loop. */
export type Ending = 'break' | 'continue' | undefined;

/** Renders a statement. */
export type Execute = (frame: Frame, out: StrBuilder) => Ending;

/** Compiles statements to one function. */
export type CompileBody = (body: readonly Statement[], scope: Scope) => Execute;

/** Returns the frame of a scope that is entered: its variables hold what they hold at first. */
export function enter(symbols: Symbols, parent: Frame | null, run = parent!.run): Frame {
  const frame = new Frame(run, parent, []);
  resetterOf(symbols)(frame);
  return frame;
}

/** Returns a function that sets all variables of a scope, but not its parameters, to what they hold at first. */
export function resetterOf(symbols: Symbols): (frame: Frame) => void {
  const known = RESETTERS.get(symbols);
  if (known !== undefined) return known;
  const loads = symbols.variables.map(([name, load], slot): Initial | null => {
    if (load === 'parameter') return null;
    if (load === 'context') return { slot, valueIn: ({ run }) => run.context.get(name) };
    if (load === 'nothing') return { slot, valueIn: () => undefined };
    const outer = symbols.parent!.find(name)!;
    return { slot, valueIn: ({ parent }) => parent!.outwards(outer.hops).values[outer.slot] };
  });
  const initials = loads.filter((load) => load !== null);
  const reset = (frame: Frame): void => {
    countSteps(initials.length);
    for (const { slot, valueIn } of initials) frame.values[slot] = valueIn(frame);
  };
  RESETTERS.set(symbols, reset);
  return reset;
}

/** What a variable holds at first. */
interface Initial {
  readonly slot: number;
  readonly valueIn: (frame: Frame) => Value | undefined;
}

const RESETTERS = new WeakMap<Symbols, (frame: Frame) => void>();

/** Compiles a body with a scope of its own. */
export function compileInner(
  body: readonly Statement[],
  { symbols: outer }: Scope,
  compileBody: CompileBody,
): { readonly symbols: Symbols; readonly execute: Execute } {
  const symbols = new Symbols(outer);
  symbols.readBody(body);
  return { symbols, execute: compileBody(body, { symbols, isConditional: false }) };
}

/** Python allows about this many macros inside each other. */
const MAX_DEPTH = 180;

/** A call takes as long as about ten rounds of a loop. */
const STEPS_OF_A_CALL = 10;

/** Runs a macro or a recursive loop, and checks how many are inside each other. */
export function nested(frame: Frame, render: () => void): void {
  const { run } = frame;
  const { line } = run;
  if (run.depth >= MAX_DEPTH) fail(`macros or loops call each other more than ${MAX_DEPTH} deep`);
  countSteps(STEPS_OF_A_CALL);
  run.depth++;
  render();
  run.depth--;
  run.line = line;
}
