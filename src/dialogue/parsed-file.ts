import type { z } from 'zod';
import { type ErrorCode, HoldfastError } from '../errors.js';

/** What a file is for its errors. */
interface FileKind {
  readonly code: ErrorCode;
  /** For example `a dialogue`. */
  readonly what: string;
  readonly hint?: string;
}

/**
 * Checks parsed JSON against a schema.
 * @param file the name for errors
 * @throws HoldfastError with the code of the kind, naming the first invalid field
 */
export function parsedFile<Schema extends z.ZodType>(
  schema: Schema,
  json: unknown,
  file: string | undefined,
  { code, what, hint }: FileKind,
): z.infer<Schema> {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue!.path.map(String).join('.');
  throw new HoldfastError(code, `not ${what}: ${issue!.message}`, {
    ...(file === undefined ? {} : { file }),
    ...(path === '' ? {} : { field: path }),
    ...(hint === undefined ? {} : { hint }),
  });
}
