import { z } from 'zod';
import { HoldfastError } from '../errors.js';
import { parseJson } from '../formats/index.js';
import type { TraceTensors } from './trace-tensors.js';

const FORMAT = 'holdfast-trace-1';

const Count = z.int().nonnegative();

/** The part of a trace's record that its page shows. */
const Fields = {
  model: z.string(),
  executor: z.string(),
  precision: z.string(),
  policy: z.string(),
  strength: z.union([z.number(), z.array(z.array(z.number())), z.null()]),
  target: z.string().nullable(),
  spans: z.array(
    z.object({
      role: z.enum(['sink', 'system', 'user', 'assistant', 'template']),
      turn: Count,
      start: Count,
      end: Count,
    }),
  ),
  layersInMeans: z.array(Count),
  tokens: z.array(z.string().nullable()).nullable(),
  text: z.string().nullable(),
};
const Record = z.object(Fields);

/** The part of a trace's record that its page shows. */
export type TraceRecord = z.infer<typeof Record>;

/**
 * Reads the record of a trace.
 * @throws HoldfastError `E_SAFETENSORS` if the file is no trace or its record is damaged
 */
export function readRecord({ file, metadata }: TraceTensors): TraceRecord {
  const refusal = (field: string, what: string): HoldfastError =>
    new HoldfastError('E_SAFETENSORS', what, {
      ...(file === null ? {} : { file }),
      field,
      hint: 'Give a file that holdfast trace wrote',
    });
  if (metadata.get('format') !== JSON.stringify(FORMAT))
    throw refusal('__metadata__.format', 'it is no trace');
  const values = Object.keys(Fields).map((name) => {
    const field = `__metadata__.${name}`;
    const text = metadata.get(name);
    if (typeof text !== 'string') throw refusal(field, 'the record of the run lacks this field');
    return [name, parseJson(text, (why) => refusal(field, `it is not JSON: ${why}`))];
  });
  const { data, error } = Record.safeParse(Object.fromEntries(values));
  if (data !== undefined) return data;
  const { path, message } = error.issues[0]!;
  throw refusal(`__metadata__.${path.join('.')}`, message);
}
