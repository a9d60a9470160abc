/**
 * Returns JSON in a canonical form, so that equal values have equal text: sorted keys, no spaces, undefined fields
 * omitted. Values that JSON cannot represent are rejected, since different ones would get the same text.
 * @param texts texts of objects that are known already
 * @throws TypeError for NaN, infinities, functions and other values that are not plain JSON
 */
export function canonicalJson(value: unknown, texts?: ReadonlyMap<object, string>): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((part) => canonicalJson(part, texts)).join(',')}]`;
  if (isPlain(value)) {
    const known = texts?.get(value);
    if (known !== undefined) return known;
    const fields = Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field, texts)}`);
    return `{${fields.join(',')}}`;
  }
  throw new TypeError(`not plain JSON: ${String(value)}`);
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
