import { type Arguments, Fn, type Value } from './values.js';

/** One rendering of a template. */
export interface Run {
  /** The names that templates can use, beside their own variables. */
  readonly context: ReadonlyMap<string, Value>;
  /** The line that is being evaluated. */
  line: number;
  /** The number of macros and recursive loops that are running inside each other. */
  depth: number;
}

/** The variables of a scope while it is being rendered; undefined for a variable without a value. */
export class Frame {
  constructor(
    readonly run: Run,
    readonly parent: Frame | null,
    readonly values: (Value | undefined)[],
  ) {}

  /** Returns the frame some scopes outwards. */
  outwards(hops: number): Frame {
    let frame: Frame = this;
    for (let i = 0; i < hops; i++) frame = frame.parent!;
    return frame;
  }
}

/** Returns a function that takes its arguments in order. */
export const fn = (name: string, call: (args: Arguments) => Value): Fn => new Fn(name, call);
