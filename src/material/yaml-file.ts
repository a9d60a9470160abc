import { isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { materialError, type Place } from './complaint.js';
import { firstIssue } from './first-issue.js';

/** A value that was read from YAML, and where each part of it stands. */
export interface FromYaml<Value> {
  readonly value: Value;
  placeOf(path: readonly PropertyKey[]): Place;
}

/**
 * Reads YAML of a shape. Aliases are refused, so that a small file cannot stand for a large one.
 * @throws HoldfastError `E_MATERIAL` naming line and field
 */
export function parseYaml<Schema extends z.ZodType>(
  text: string,
  file: string,
  schema: Schema,
): FromYaml<z.infer<Schema>> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineAt = (offset: number): number => lines.linePos(offset).line;
  const [flaw] = document.errors;
  if (flaw) throw materialError(`not YAML: ${flaw.message}`, { file, line: lineAt(flaw.pos[0]) });

  /** The line of the innermost part of a path that is there. */
  const placeOf = (path: readonly PropertyKey[]): Place => {
    const field = path.map(String).join('.');
    for (let length = path.length; length >= 0; length--) {
      const offset = offsetOf(document, path.slice(0, length));
      if (offset !== null) return { file, line: lineAt(offset), field };
    }
    return { file, field };
  };

  let json: unknown;
  try {
    json = document.toJS({ maxAliasCount: 0 });
  } catch {
    throw materialError('aliases are not read', { file }, 'Write out what the alias stands for');
  }
  const result = schema.safeParse(json);
  if (!result.success) {
    const { path, message } = firstIssue(result.error);
    throw materialError(message, placeOf(path));
  }
  return { value: result.data, placeOf };
}

/** Where a part begins: for a key of a map the key, not its value, which may stand lines below. */
function offsetOf(document: ReturnType<typeof parseDocument>, path: readonly PropertyKey[]): number | null {
  const parent = document.getIn(path.slice(0, -1), true);
  const key = path.at(-1);
  if (isMap(parent) && key !== undefined) {
    const pair = parent.items.find((item) => isScalar(item.key) && item.key.value === key);
    return isScalar(pair?.key) ? (pair.key.range?.[0] ?? null) : null;
  }
  const node = document.getIn(path, true);
  return isNode(node) ? (node.range?.[0] ?? null) : null;
}
