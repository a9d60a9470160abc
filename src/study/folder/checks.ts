/**
 * Checks of parsed JSON. A report reads a million records of a hundred values, for which a schema library takes ten times as
 * long: it makes objects for each value, and a copy of the whole.
 */

/** Returns what is wrong with a value, after its place, such as `heads: 3: expected …`; null if nothing is. */
export type Check = (value: unknown) => string | null;

const expected =
  (what: string, is: (value: unknown) => boolean): Check =>
  (value) =>
    is(value) ? null : `expected ${what}, not ${shown(value)}`;

/** Characters of a text that an error shows whole. */
const SHORT = 40;

/** Returns a value for an error: of what may be long, only the kind. */
function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return 'a list';
  if (typeof value !== 'string') return 'an object';
  return value.length <= SHORT ? JSON.stringify(value) : `a text of ${value.length} characters`;
}

export const isText = expected('a text', (value) => typeof value === 'string');
export const isBoolean = expected('true or false', (value) => typeof value === 'boolean');
export const isNumber = expected('a number', Number.isFinite);

const ADDRESS = /^[0-9a-f]{64}$/;
/** Accepts the address of a cell. */
export const isAddress = expected(
  'an address of 64 hexadecimal digits',
  (value) => typeof value === 'string' && ADDRESS.test(value),
);

/** Accepts numbers from `least` to `most`. */
export const isWithin = (least: number, most: number): Check =>
  expected(
    `a number from ${least} to ${most}`,
    (value) => typeof value === 'number' && value >= least && value <= most,
  );

/** Accepts integers of 32 bits, from `least` on. */
export const isInteger = (least = -(2 ** 31)): Check =>
  expected(
    `an integer from ${least} to ${2 ** 31 - 1}`,
    (value) => Number.isInteger(value) && (value as number) >= least && (value as number) < 2 ** 31,
  );

/** Accepts these texts. */
export const isOneOf = (...texts: readonly string[]): Check =>
  expected(texts.join(' or '), (value) => texts.includes(value as string));

/** Accepts null, and what another check accepts. */
export const orNull =
  (check: Check): Check =>
  (value) =>
    value === null ? null : check(value);

/** Accepts a field that is missing, and what another check accepts. */
export const orMissing =
  (check: Check): Check =>
  (value) =>
    value === undefined ? null : check(value);

/** Accepts a field that is missing or null, and what another check accepts. */
export const orNothing = (check: Check): Check => orMissing(orNull(check));

/** Accepts lists whose items another check accepts. */
export function isListOf(check: Check): Check {
  const isList = expected('a list', Array.isArray);
  return (value) => {
    if (!Array.isArray(value)) return isList(value);
    for (let at = 0; at < value.length; at++) {
      const wrong = check(value[at]);
      if (wrong !== null) return `${at}: ${wrong}`;
    }
    return null;
  };
}

/** Accepts objects whose fields these checks accept; they may have others. */
export function hasFields(checks: Readonly<Record<string, Check>>): Check {
  const fields = Object.entries(checks);
  const isObject = expected('an object', isPlain);
  return (value) => {
    if (!isPlain(value)) return isObject(value);
    for (let at = 0; at < fields.length; at++) {
      const [name, check] = fields[at]!;
      const wrong = check(value[name]);
      if (wrong !== null) return `${name}: ${wrong}`;
    }
    return null;
  };
}

/** Accepts what the check of its kind accepts: the field `kind` of an object. */
export function isOfKind(checks: ReadonlyMap<string, Check>): Check {
  const isKind = isOneOf(...checks.keys());
  return (value) => {
    const kind = isPlain(value) ? value.kind : undefined;
    const check = checks.get(kind as string);
    return check === undefined ? `kind: ${isKind(kind)}` : check(value);
  };
}

const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
