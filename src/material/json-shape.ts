import type { JsonType, SimpleRule } from './rule.js';

type JsonRule = Extract<SimpleRule, { rule: 'json' }>;

/** One code fence around the whole text, with the first word of its label. */
const FENCED = /^(`{3,}|~{3,})[^\S\n]*([^\s`]*)[^\n`]*\n([\s\S]*?)\n?\s*\1$/u;
/** The labels that each form of answer may have on its fence. */
const LABELS: Record<JsonRule['form'], readonly string[]> = {
  bare: [],
  fenced: ['json'],
  either: ['json', ''],
};

/** Returns whether an answer is JSON of the rule's shape and form. */
export function hasJsonShape({ form, keys, list, ascending }: JsonRule, answer: string): boolean {
  const text = answer.trim();
  const fence = FENCED.exec(text);
  const label = fence?.[2]?.toLowerCase();
  if (label === undefined ? form === 'fenced' : !LABELS[form].includes(label)) return false;
  const inside = fence?.[3];
  let json: unknown;
  try {
    json = JSON.parse(inside ?? text);
  } catch {
    return false;
  }
  const fits = (value: unknown): boolean => isOf(keys, value) && ascends(ascending ?? [], value);
  if (list !== true) return fits(json);
  return Array.isArray(json) && json.length > 0 && json.every(fits);
}

/** Returns whether a value is an object with exactly these keys and types. */
function isOf(keys: JsonRule['keys'], json: unknown): boolean {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return false;
  const held = new Map<string, unknown>(Object.entries(json));
  return (
    held.size === Object.keys(keys).length &&
    Object.entries(keys).every(([key, type]) => held.has(key) && isType(type, held.get(key)))
  );
}

/** Returns whether the numbers under these keys of an object do not fall in their order. */
function ascends(keys: readonly string[], json: unknown): boolean {
  const held = new Map<string, unknown>(Object.entries(json as object));
  const numbers = keys.map((key) => Number(held.get(key)));
  return numbers.every((number, at) => at === 0 || number >= numbers[at - 1]!);
}

function isType(type: JsonType, value: unknown): boolean {
  if (typeof type === 'object') {
    if ('values' in type) return type.values.some((allowed) => allowed === value);
    const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = type;
    return isType(type.type, value) && (value as number) >= min && (value as number) <= max;
  }
  switch (type) {
    case 'string':
      return typeof value === 'string' && value.trim() !== '';
    case 'number':
      return Number.isFinite(value);
    case 'integer':
      return Number.isSafeInteger(value);
    case 'boolean':
      return typeof value === 'boolean';
    case 'strings':
      return Array.isArray(value) && value.length > 0 && value.every((element) => isType('string', element));
    case 'numbers':
      return Array.isArray(value) && value.length > 0 && value.every((element) => isType('number', element));
  }
}
