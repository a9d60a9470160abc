import type { JsonType, SimpleRule } from './rule.js';

type JsonRule = Extract<SimpleRule, { rule: 'json' }>;

/** One code fence around the whole text, with or without a language. */
const FENCED = /^```[^\n`]*\n([\s\S]*?)\n?\s*```$/u;

/** Returns whether an answer is JSON of the rule's shape and form. */
export function hasJsonShape({ form, keys, list }: JsonRule, answer: string): boolean {
  const text = answer.trim();
  const inside = FENCED.exec(text)?.[1];
  if ((form === 'bare' && inside !== undefined) || (form === 'fenced' && inside === undefined)) return false;
  let json: unknown;
  try {
    json = JSON.parse(inside ?? text);
  } catch {
    return false;
  }
  if (list !== true) return isOf(keys, json);
  return Array.isArray(json) && json.length > 0 && json.every((element) => isOf(keys, element));
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

function isType(type: JsonType, value: unknown): boolean {
  if (typeof type === 'object') return type.values.some((allowed) => allowed === value);
  switch (type) {
    case 'string':
      return typeof value === 'string' && value.trim() !== '';
    case 'number':
      return typeof value === 'number';
    case 'integer':
      return Number.isInteger(value);
    case 'boolean':
      return typeof value === 'boolean';
    case 'strings':
      return Array.isArray(value) && value.length > 0 && value.every((element) => isType('string', element));
    case 'numbers':
      return Array.isArray(value) && value.length > 0 && value.every((element) => isType('number', element));
  }
}
