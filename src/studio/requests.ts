import { z } from 'zod';
import { POLICIES, parseTarget } from '../attention/index.js';
import { scheduleSchema } from '../dialogue/index.js';
import { HoldfastError } from '../errors.js';
import { COLUMNS, type Operation, type Operations } from './protocol.js';

const count = z.number().int().nonnegative();
const text = z.string().max(1_000_000);
const name = z.string().max(1000);
const ids = z.array(count).max(100_000);
const strengths = z.array(z.number()).min(1).max(100_000).nullable();

const steer = z.strictObject({
  policy: z.enum(POLICIES),
  schedule: scheduleSchema.nullable(),
  target: z.string().refine(isTarget, { message: 'not a target' }),
  pairs: z
    .array(z.tuple([count, count]))
    .max(100_000)
    .nullable(),
});

const draw = z.strictObject({
  temperature: z.number(),
  topP: z.number(),
  seed: count,
  maxTokens: count,
});

const turn = z
  .strictObject({
    system: text.nullable(),
    user: text,
    assistant: text,
    ids: ids.min(1).nullable(),
    begun: count,
    strengths,
    finish: z.enum(['stop', 'stop-string', 'length', 'abort']),
    steer,
    draw,
  })
  .refine(({ ids, begun }) => begun <= (ids?.length ?? 0), {
    message: 'more tokens were given than the answer has',
    path: ['begun'],
  })
  .refine(({ ids, strengths }) => strengths === null || strengths.length === ids?.length, {
    message: 'there is not one strength for each token',
    path: ['strengths'],
  });

const past = z
  .array(turn)
  .max(10_000)
  .refine((turns) => turns.every(({ ids }, at) => at === 0 || ids !== null || turns[at - 1]!.ids === null), {
    message: 'an answer without tokens comes after one with tokens',
  });
const column = z.enum(COLUMNS);

/** What each operation takes, as JSON. */
const TAKES = {
  models: z.null(),
  executors: z.null(),
  load: z.strictObject({ name, executor: name.nullable() }),
  answer: z.strictObject({
    ...{ column, system: text.nullable(), past, user: text, steer, draw },
    ...{ begin: ids, strengths, measureOnly: z.boolean() },
  }),
  strength: z.strictObject({ column, strength: z.number() }),
  compare: z.strictObject({ system: text.nullable(), past, user: text, assistant: text, steer }),
  save: z.strictObject({ column, system: text.nullable(), past, steer, draw }),
  open: z.strictObject({ json: z.unknown(), system: text.nullable() }),
  opentrace: z.strictObject({ file: z.base64() }),
  hold: z.strictObject({ system: text.nullable(), steer }),
  trace: z.strictObject({ system: text.nullable(), past, steer, strength: z.number().nullable() }),
  studies: z.null(),
  study: z.strictObject({ study: name }),
  dialogue: z.strictObject({ study: name, address: z.string().regex(/^[0-9a-f]{64}$/) }),
  report: z.strictObject({ study: name }),
} satisfies { [Name in Operation]: z.ZodType<Operations[Name]['takes']> };

/** Returns whether a name is that of an operation. */
export const isOperation = (word: string): word is Operation => Object.hasOwn(TAKES, word);

/**
 * Returns what an operation takes, from JSON that came from outside.
 * @throws HoldfastError `E_USAGE` naming the invalid field
 */
export function readTakes<Name extends Operation>(operation: Name, json: unknown): Operations[Name]['takes'] {
  const read = TAKES[operation].safeParse(json);
  if (read.success) return read.data as Operations[Name]['takes'];
  const [issue] = read.error.issues;
  const field = issue!.path.join('.');
  throw new HoldfastError('E_USAGE', field === '' ? issue!.message : `${field}: ${issue!.message}`);
}

function isTarget(name: string): boolean {
  try {
    parseTarget(name);
    return true;
  } catch {
    return false;
  }
}
