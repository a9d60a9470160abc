/**
 * Why a template was not rendered.
 *
 * - `syntax`: the template is not valid Jinja.
 * - `python`: Jinja in Python fails at this point too.
 * - `unsupported`: Jinja can do this, but this interpreter cannot give it the same meaning, so it refuses.
 * - `limit`: the rendering exceeds a bound of this interpreter, which Jinja does not have.
 * - `raised`: the template called `raise_exception`.
 */
export type TemplateErrorKind = 'syntax' | 'python' | 'unsupported' | 'limit' | 'raised';

/** An error in a template or in its rendering. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  /** The line of the template, from 1; null until the interpreter fills it in. */
  line: number | null;

  constructor(
    readonly kind: TemplateErrorKind,
    message: string,
    line: number | null = null,
  ) {
    super(message);
    this.line = line;
  }
}

/** Fails as Python would. */
export function fail(message: string): never {
  throw new TemplateError('python', message);
}

/** Refuses what Jinja can do and this interpreter cannot. */
export function unsupported(what: string): never {
  throw new TemplateError('unsupported', `${what} is not supported`);
}
