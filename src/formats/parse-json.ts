import { halfPairIn } from '../utf8.js';
import { locateJsonError } from './json-scanner.js';

/** An escape that writes half of a surrogate pair. Next to the other half it is harmless. */
const SURROGATE_ESCAPE = /\\ud[89a-f]/i;

/**
 * Parses JSON. Refuses strings with half of a surrogate pair (`"\ud800"`): no text in UTF-8 and no token can hold them.
 * @param refusal returns the error to throw. `why` says what is wrong, and where: `expected a value, found u at line 1,
 * column 11`
 * @param firstLine the line of the file, from 1, on which the text begins
 */
export function parseJson(
  text: string,
  refusal: (why: string, cause?: unknown) => Error,
  firstLine = 1,
): unknown {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    // `JSON.parse`'s own message often lacks the position.
    const found = locateJsonError(text);
    if (found === null) throw refusal(String(cause), cause);
    const { what, line, column } = found;
    throw refusal(`${what} at line ${firstLine + line - 1}, column ${column}`, cause);
  }
  const path = SURROGATE_ESCAPE.test(text) ? halfPairIn(json) : null;
  if (path === null) return json;
  throw refusal(`half of a surrogate pair${path.length === 0 ? '' : ` in ${path.join('.')}`}`);
}
