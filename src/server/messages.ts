import { z } from '@hono/zod-openapi';
import type { TemplateMessage, ToolCall } from '../text/index.js';
import { halfPairIn } from '../utf8.js';
import { ApiError } from './api-error.js';
import { LIMITS, type RequestMessage } from './requests.js';

/**
 * Returns a message of a request as chat templates read it.
 * @param index its place in the request, for errors
 * @throws ApiError 400 for arguments of a call that are not a JSON object
 */
export function readMessage(message: RequestMessage, index: number): TemplateMessage {
  const { role, tool_calls: calls, tool_call_id: id, name } = message;
  const content = textOf(message);
  if (role === 'tool') {
    return { role, content, ...(id == null ? {} : { toolCallId: id }), ...(name == null ? {} : { name }) };
  }
  if (!calls?.length) return { role: role === 'developer' ? 'system' : role, content };
  const toolCalls = calls.map(({ id, function: called }, call): ToolCall => {
    const param = `messages.${index}.tool_calls.${call}.function.arguments`;
    return { id: id ?? null, name: called.name, arguments: readArguments(called.arguments, param) };
  });
  return { role: 'assistant', content, toolCalls };
}

/** Returns the number of characters that a message gives a template. */
export function lengthOf(message: RequestMessage): number {
  const calls = message.tool_calls ?? [];
  const ofCalls = calls.map(({ function: { name, arguments: text } }) => name.length + text.length);
  return ofCalls.reduce((sum, length) => sum + length, textOf(message).length);
}

const textOf = ({ content }: RequestMessage): string =>
  typeof content === 'string' ? content : (content ?? []).map((part) => part.text).join('');

/** Some clients send nothing where a call has no arguments. */
function readArguments(text: string, param: string): ToolCall['arguments'] {
  let json: unknown;
  try {
    json = text === '' ? {} : JSON.parse(text);
  } catch {
    throw new ApiError(400, 'the arguments of a call must be JSON', { param });
  }
  const object = z.record(z.string(), z.unknown()).safeParse(json);
  if (!object.success) throw new ApiError(400, 'the arguments of a call must be an object', { param });
  if (halfPairIn(json) !== null) throw new ApiError(400, 'a text has half of a surrogate pair', { param });
  if (isDeeper(json, LIMITS.argumentDepth)) {
    throw new ApiError(400, `the arguments of a call have more than ${LIMITS.argumentDepth} levels`, {
      param,
    });
  }
  return json as ToolCall['arguments'];
}

const isDeeper = (value: unknown, levels: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1)));
