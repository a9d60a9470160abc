import type { z } from '@hono/zod-openapi';
import { HoldfastError } from '../errors.js';
import { decodeUtf8, halfPairIn } from '../utf8.js';
import { ApiError } from './api-error.js';
import { LIMITS } from './requests.js';

/**
 * Reads and checks the body of a request.
 * @throws ApiError 413 for a body that is too long, 415 if it is not called JSON or is compressed, 400 if it is not what the schema asks for
 */
export async function readRequest<Schema extends z.ZodType>(
  request: Request,
  schema: Schema,
  most: number = LIMITS.bodyBytes,
): Promise<z.output<Schema>> {
  // A page of another site can send other types without asking first.
  if (!/^application\/(?:[\w.+-]+\+)?json\b/i.test(request.headers.get('content-type') ?? '')) {
    throw new ApiError(415, 'send the request as JSON, with content-type: application/json');
  }
  const encoding = request.headers.get('content-encoding') ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') {
    throw new ApiError(
      415,
      `send the request as it is, without content-encoding: ${encoding.slice(0, MOST_SHOWN)}`,
    );
  }
  const result = schema.safeParse(parse(await readBytes(request, most)));
  if (result.success) {
    const half = halfPairIn(result.data);
    if (half === null) return result.data;
    throw new ApiError(400, 'a text has half of a surrogate pair', { param: half.join('.') || null });
  }
  const { path: whole, message: text } = deepest(result.error.issues);
  const [path, message] = [whole, text].map((each) => each.slice(0, MOST_SHOWN)) as [string, string];
  throw new ApiError(400, path === '' ? message : `${path}: ${message}`, { param: path || null });
}

/** Characters of a refusal that come from the request: a name in it may have millions. */
const MOST_SHOWN = 256;

async function readBytes(request: Request, most: number): Promise<Uint8Array> {
  const tooLong = (): ApiError =>
    new ApiError(413, `the body has more than ${most} bytes`, { code: 'request_too_large' });
  if (Number(request.headers.get('content-length') ?? 0) > most) throw tooLong();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const reader = request.body?.getReader();
  const read = () =>
    reader?.read().catch(() => {
      throw new ApiError(400, 'the body ended too early', { code: 'malformed_request' });
    });
  for (let next = await read(); next?.value !== undefined; next = await read()) {
    bytes += next.value.byteLength;
    if (bytes > most) {
      await reader?.cancel();
      throw tooLong();
    }
    chunks.push(next.value);
  }
  return Buffer.concat(chunks);
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decodeUtf8(bytes, 'the body'));
  } catch (error) {
    const why = error instanceof HoldfastError ? error.what : 'it cannot be parsed';
    throw new ApiError(400, `the body is not JSON: ${why}`);
  }
}

interface Issue {
  readonly path: string;
  readonly message: string;
}

/** Returns the issue that is furthest inside the request: of a union, that of the form that was probably meant. */
function deepest(issues: readonly z.core.$ZodIssue[], under: readonly PropertyKey[] = []): Issue {
  const found = issues.map((issue): Issue => {
    const path = [...under, ...issue.path];
    const own = { path: path.map(String).join('.'), message: issue.message };
    if (issue.code === 'unrecognized_keys') {
      return { ...own, path: [...path, issue.keys[0]!].map(String).join('.') };
    }
    if (issue.code !== 'invalid_union') return own;
    // A form whose types all fit is meant, whatever else is wrong with it.
    const fitting = issue.errors.find((branch) => branch.length > 0 && branch.every(isOfType));
    if (fitting !== undefined) return deepest(fitting, path);
    const inner = issue.errors.flatMap((branch) => (branch.length === 0 ? [] : [deepest(branch, path)]));
    const best = inner.toSorted((a, b) => b.path.length - a.path.length)[0];
    return best !== undefined && best.path.length > own.path.length ? best : own;
  });
  return found[0]!;
}

/** Whether an issue is not about the type of a value. */
const isOfType = (issue: z.core.$ZodIssue): boolean =>
  issue.code === 'invalid_union'
    ? issue.errors.some((branch) => branch.every(isOfType))
    : issue.code !== 'invalid_type';
