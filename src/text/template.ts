import { HoldfastError } from '../errors.js';
import {
  type JinjaTemplate,
  type Origin,
  parseJinja,
  resetLimits,
  Str,
  TemplateError,
  type Value,
} from '../jinja/index.js';
import type { TemplateMessage } from './message.js';
import { messageValues } from './message-values.js';
import { type Moment, wallClock } from './moment.js';

/** How a template renders messages. */
export interface RenderOptions {
  /** Whether the text ends with the header that opens an answer. */
  readonly addGenerationPrompt: boolean;
  /** Special tokens, keyed by the names that templates use: `bos_token`, `eos_token`, … */
  readonly specialTokens?: Readonly<Record<string, string>>;
  /** The date and time, for templates that write them. */
  readonly now: Moment;
}

/** A rendered dialogue that knows whose words it contains. */
export interface Rendering {
  readonly text: string;
  /**
   * The ranges of the text whose characters come from a message's content or its calls of tools: ascending, disjoint, in
   * UTF-16 units. A range is empty where the template writes an empty content.
   */
  readonly words: readonly Origin[];
}

/** A chat template, parsed once. */
export interface Template {
  /** The name that errors use, usually the file's. */
  readonly name: string;
  readonly source: string;
  /**
   * Returns the text of a dialogue, as transformers' `apply_chat_template` renders it.
   * @throws HoldfastError `E_TEMPLATE` with the template's own message if it refuses the dialogue, or if it leaves out a
   * call of a tool
   */
  render(messages: readonly TemplateMessage[], options: RenderOptions): string;
  /**
   * Returns the text of a dialogue, and which of its characters come from which message.
   * @throws HoldfastError as `render`
   */
  renderWords(messages: readonly TemplateMessage[], options: RenderOptions): Rendering;
}

/**
 * Parses a chat template.
 * @param source null if the model has no template
 * @param name how errors name the model or file
 * @param path where another template would be read, for the hints of errors
 * @throws HoldfastError `E_TEMPLATE` if there is no template or it cannot be parsed
 */
export function compileTemplate(
  source: string | null,
  name = 'chat template',
  path = 'chat_template.jinja beside it',
): Template {
  if (source === null) {
    throw new HoldfastError('E_TEMPLATE', 'the model has no chat template', {
      file: name,
      hint: `Use an instruction-tuned model (this may be a base model), or put a template into ${path}`,
    });
  }
  const template = reported(name, path, () => parseJinja(source));
  const renderWords = (messages: readonly TemplateMessage[], options: RenderOptions): Rendering =>
    reported(name, path, () => renderDialogue(template, messages, options));
  return { name, source, renderWords, render: (...args) => renderWords(...args).text };
}

function renderDialogue(
  template: JinjaTemplate,
  messages: readonly TemplateMessage[],
  { addGenerationPrompt, specialTokens = {}, now }: RenderOptions,
): Rendering {
  const characters = JSON.stringify(messages).length;
  resetLimits(characters);
  const values = messageValues(messages);
  // The names that transformers defines.
  const names: [string, Value][] = [
    ...Object.entries(specialTokens).map(([token, text]): [string, Value] => [token, new Str(text)]),
    ['messages', values.list],
    ['add_generation_prompt', addGenerationPrompt],
    ['tools', null],
    ['documents', null],
  ];
  const { text, origins } = template.render(names, wallClock(now), characters);
  const written = new Set(origins.map(({ message }) => message));
  const leftOut = values.calls.find((call) => !written.has(call));
  if (leftOut !== undefined) {
    throw new HoldfastError('E_TEMPLATE', 'the chat template does not write calls of tools', {
      field: `messages.${values.messages[leftOut]}.tool_calls`,
      hint: 'Use a model whose template knows them, or tell in the text of the message what was called',
    });
  }
  return { text, words: wordsOf(origins, values.messages) };
}

/** Returns which characters come from which message, given which come from which source. @param messages by source */
function wordsOf(origins: readonly Origin[], messages: readonly number[]): readonly Origin[] {
  const words: Origin[] = [];
  for (const { start, end, message: source } of origins) {
    const message = messages[source]!;
    const last = words.at(-1);
    if (last?.end === start && last.message === message) words[words.length - 1] = { ...last, end };
    else words.push({ start, end, message });
  }
  return words;
}

const WHAT = {
  syntax: 'the chat template cannot be parsed',
  python: 'the chat template failed',
  unsupported: 'the chat template needs what Holdfast does not have',
  limit: 'the chat template is stopped',
  raised: 'the chat template refuses this dialogue',
} as const;

/** Runs a function, and reports a template's errors under its name. */
function reported<T>(name: string, path: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    if (!(cause instanceof TemplateError)) throw cause;
    const place = cause.line === null ? '' : ` (line ${cause.line})`;
    throw new HoldfastError('E_TEMPLATE', `${WHAT[cause.kind]}: ${cause.message}${place}`, {
      file: name,
      cause,
      ...(cause.kind === 'unsupported' || cause.kind === 'syntax'
        ? { hint: `Put another template into ${path}, and give its folder as the model` }
        : {}),
    });
  }
}
