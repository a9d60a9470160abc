import { parse, tokenize } from '@huggingface/jinja';

/**
 * Chat templates are written for Python's Jinja. The JavaScript interpreter's string methods differ from Python's in
 * two ways (seen in @huggingface/jinja 0.5.11): `strip`, `lstrip`, `rstrip` and the filter `trim` ignore their
 * argument (Qwen3 strips line breaks only), and they strip JavaScript's whitespace, not Python's. A template's
 * syntax tree is therefore rewritten to call the functions of this file instead.
 */

type Side = 'both' | 'left' | 'right';
const SIDE_OF: ReadonlyMap<unknown, Side> = new Map([
  ['strip', 'both'],
  ['lstrip', 'left'],
  ['rstrip', 'right'],
]);
const FUNCTION_OF: Readonly<Record<Side, string>> = {
  both: 'python_strip',
  left: 'python_lstrip',
  right: 'python_rstrip',
};

/** Python's `str.isspace`: Unicode's White_Space and the four information separators. */
const isPythonSpace = (point: string): boolean =>
  /\p{White_Space}/u.test(point) || (point >= '\u001c' && point <= '\u001f');

/** Python's `str.strip(characters)`, `lstrip`, `rstrip`. */
function pythonStrip(text: string, characters: string | null, side: Side): string {
  const points = [...text];
  const stripped = characters === null ? null : new Set(characters);
  const isStripped = (point: string): boolean =>
    stripped === null ? isPythonSpace(point) : stripped.has(point);
  let start = 0;
  let end = points.length;
  if (side !== 'right') while (start < end && isStripped(points[start]!)) start++;
  if (side !== 'left') while (end > start && isStripped(points[end - 1]!)) end--;
  return points.slice(start, end).join('');
}

/** The functions that a template parsed by {@link parsePythonTemplate} may call. */
export const pythonFunctions: ReadonlyMap<string, (text: unknown, characters?: unknown) => string> = new Map(
  (['both', 'left', 'right'] as const).map((side) => [
    FUNCTION_OF[side],
    (text, characters) => {
      if (typeof text !== 'string') throw new TypeError('only a string can be stripped');
      return pythonStrip(text, typeof characters === 'string' ? characters : null, side);
    },
  ]),
);

/** A parsed template. */
export type Program = ReturnType<typeof parse>;

/** Parses a template with the Jinja settings of transformers and Python's string methods. */
export function parsePythonTemplate(source: string): Program {
  const program = parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true }));
  rewrite(program);
  return program;
}

type SyntaxNode = Record<string, unknown>;
const isNode = (value: unknown): value is SyntaxNode => typeof value === 'object' && value !== null;

function rewrite(value: unknown): void {
  if (value instanceof Map) {
    for (const [key, item] of value) {
      rewrite(key);
      rewrite(item);
    }
    return;
  }
  if (!isNode(value)) return;
  for (const child of Object.values(value)) rewrite(child);

  // text.strip(…) → python_strip(text, …)
  if (value.type === 'CallExpression' && isNode(value.callee) && value.callee.type === 'MemberExpression') {
    const { object, property, computed } = value.callee;
    const side = isNode(property) && computed !== true ? SIDE_OF.get(property.value) : undefined;
    if (side !== undefined && isNode(property)) {
      property.value = FUNCTION_OF[side];
      value.callee = property;
      value.args = [object, ...(value.args as unknown[])];
    }
  }
  // text | trim(…) → python_strip(text, …)
  if (value.type === 'FilterExpression' && isNode(value.filter)) {
    const { filter } = value;
    const name = filter.type === 'CallExpression' ? filter.callee : filter;
    if (isNode(name) && name.value === 'trim') {
      name.value = FUNCTION_OF.both;
      const args = filter.type === 'CallExpression' ? (filter.args as unknown[]) : [];
      Object.assign(value, { type: 'CallExpression', callee: name, args: [value.operand, ...args] });
    }
  }
}
