import { Dict, List, Str, type Value, valueOfJson } from '../jinja/index.js';
import type { TemplateMessage } from './message.js';

/** Messages as a template reads them. Every string in them comes from a source; see `Origin.message`. */
export interface MessageValues {
  readonly list: List;
  /** `[sources]`: the index of the message that a source belongs to. The first sources are the messages' contents. */
  readonly messages: readonly number[];
  /** The sources that are calls of tools. */
  readonly calls: readonly number[];
}

/** Returns messages as a template reads them, under the names that transformers gives their fields. */
export function messageValues(messages: readonly TemplateMessage[]): MessageValues {
  const sources = messages.map((_, index) => index);
  const calls: number[] = [];
  const sourceOf = (message: number): number => sources.push(message) - 1;
  const list = messages.map(({ role, content, toolCalls = [], toolCallId, name }, index) => {
    const fields: [Str, Value][] = [
      [ROLE, new Str(role)],
      [CONTENT, valueOfJson(content, index)],
    ];
    if (toolCalls.length > 0) {
      const values = toolCalls.map(({ id, ...called }) => {
        const source = sourceOf(index);
        calls.push(source);
        return valueOfJson({ ...(id === null ? {} : { id }), type: 'function', function: called }, source);
      });
      fields.push([TOOL_CALLS, new List(values)]);
    }
    if (toolCallId !== undefined) fields.push([TOOL_CALL_ID, valueOfJson(toolCallId, sourceOf(index))]);
    if (name !== undefined) fields.push([NAME, valueOfJson(name, sourceOf(index))]);
    return new Dict(fields);
  });
  return { list: new List(list), messages: sources, calls };
}

const ROLE = new Str('role');
const CONTENT = new Str('content');
const TOOL_CALLS = new Str('tool_calls');
const TOOL_CALL_ID = new Str('tool_call_id');
const NAME = new Str('name');
