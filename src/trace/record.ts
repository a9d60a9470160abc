import { z } from 'zod';
import { HoldfastError } from '../errors.js';
import { parseJson } from '../formats/index.js';
import { TRACE_FORMAT } from './metadata.js';
import { damagedTrace, placeOf, type TraceTensors, unfitTrace } from './trace-tensors.js';

const Count = z.int().nonnegative();

/** The part of a trace's record that pages show. */
const Fields = {
  model: z.string(),
  modelHash: z.string(),
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
  layersInMeans: z.array(Count).min(1),
  tokens: z.array(z.string().nullable()).nullable(),
  text: z.string().nullable(),
};
const Record = z.object(Fields);

/** The sizes on which a trace's tensors of shares agree. */
export interface TraceSizes {
  readonly layers: number;
  /** Query heads per layer. */
  readonly heads: number;
  readonly tokens: number;
}

/** The part of a trace's record that pages show, with the sizes of its tensors. The spans, if any, cover all tokens in order. */
export type TraceRecord = z.infer<typeof Record> & { readonly sizes: TraceSizes };

/**
 * Reads the record of a trace, and checks it against the tensors.
 * @throws HoldfastError `E_SAFETENSORS` if the file is no trace or is damaged, `E_USAGE` if the trace has no shares
 */
export function readRecord(trace: TraceTensors): TraceRecord {
  const record = fieldsOf(trace);
  const sizes = sizesOf(trace);
  const { spans, tokens, layersInMeans } = record;
  const unfit = (field: string, found: string) => unfitTrace(trace, `__metadata__.${field}`, found);
  if (tokens !== null && tokens.length !== sizes.tokens) {
    throw unfit('tokens', `${tokens.length} texts of ${sizes.tokens} tokens`);
  }
  const axis = trace.shapes.get('span.shares')?.[3] ?? spans.length;
  const isWhole = spans.every(({ start, end }, at) => start === (spans[at - 1]?.end ?? 0) && end > start);
  if (axis !== spans.length || !isWhole || (spans.at(-1)?.end ?? sizes.tokens) !== sizes.tokens) {
    throw unfit('spans', `${spans.length} spans that do not cover the ${sizes.tokens} tokens`);
  }
  const beyond = layersInMeans.find((layer) => layer >= sizes.layers);
  if (beyond !== undefined) throw unfit('layersInMeans', `layer ${beyond} of ${sizes.layers} layers`);
  return { ...record, sizes };
}

function fieldsOf(trace: TraceTensors): z.infer<typeof Record> {
  const damaged = (field: string, what: string) => damagedTrace(trace, `__metadata__.${field}`, what);
  if (trace.metadata.get('format') !== JSON.stringify(TRACE_FORMAT))
    throw damaged('format', 'it is no trace');
  const values = Object.keys(Fields).map((name) => {
    const text = trace.metadata.get(name);
    if (typeof text !== 'string') throw damaged(name, 'the record of the run lacks this field');
    return [name, parseJson(text, (why) => damaged(name, `it is not JSON: ${why}`))];
  });
  const { data, error } = Record.safeParse(Object.fromEntries(values));
  if (data !== undefined) return data;
  const { path, message } = error.issues[0]!;
  throw damaged(path.join('.'), message);
}

const SHARE_TENSORS = ['span.shares', 'target.share_after', 'target.share_before'];

/** Returns the sizes on which the tensors of shares agree. */
function sizesOf(trace: TraceTensors): TraceSizes {
  const shapes = SHARE_TENSORS.flatMap((name) => {
    const shape = trace.shapes.get(name);
    return shape === undefined ? [] : [{ name, shape }];
  });
  const [first] = shapes;
  if (first === undefined) {
    throw new HoldfastError('E_USAGE', 'the trace has no shares of attention', {
      ...placeOf(trace),
      hint: 'Write one with holdfast trace and its option --chat or --target',
    });
  }
  const [layers = 0, heads = 0, tokens = 0] = first.shape;
  for (const { name, shape } of shapes) {
    const rank = name === 'span.shares' ? 4 : 3;
    const agrees = shape[0] === layers && shape[1] === heads && shape[2] === tokens;
    if (shape.length !== rank || !agrees || tokens === 0)
      throw unfitTrace(trace, name, `the shape [${shape}]`);
  }
  return { layers, heads, tokens };
}
