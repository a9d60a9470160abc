import { isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { halfPairIn } from '../utf8.js';
import { materialError, type Place } from './complaint.js';
import { firstIssue } from './first-issue.js';

/** A value read from YAML, and the places of its parts. */
export interface FromYaml<Value> {
  readonly value: Value;
  placeOf(path: readonly PropertyKey[]): Place;
}

/**
 * Parses YAML and checks it against a schema. Refuses aliases, so that a small file cannot expand to a large value.
 * @throws HoldfastError `E_MATERIAL` with line and field
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

  /** Returns the place of the innermost part of a path that exists. */
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
    throw materialError(
      'aliases are not supported',
      { file },
      'Replace the alias with the value it stands for',
    );
  }
  const half = halfPairIn(json);
  if (half !== null) throw materialError('half of a surrogate pair', placeOf(half));
  const result = schema.safeParse(json);
  if (!result.success) {
    const { path, message } = firstIssue(result.error);
    throw materialError(message, placeOf(path));
  }
  return { value: result.data, placeOf };
}

/** Returns the offset at which a part starts. For an entry of a map this is its key; the value may start lines below. */
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
