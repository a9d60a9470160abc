import type { z } from 'zod';
import { HoldfastError } from '../errors.js';

/**
 * Checks a part of a configuration against a schema.
 * @param field the value's location in the file; empty for the whole file
 * @throws HoldfastError `E_CONFIG` with the first wrong field
 */
export function parse<T>(schema: z.ZodType<T>, value: unknown, file: string, field = ''): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = [field, ...(issue?.path ?? []).map(String)].filter((part) => part !== '').join('.');
  throw new HoldfastError(
    'E_CONFIG',
    `the model's configuration is invalid: ${issue?.message ?? 'not an object'}`,
    {
      file,
      ...(path === '' ? {} : { field: path }),
      hint: 'Compare it with the config.json that was published with the weights',
      cause: result.error,
    },
  );
}
