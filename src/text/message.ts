import type { Json } from '../jinja/index.js';

/** One message of a dialogue. */
export interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** A call of a tool. */
export interface ToolCall {
  /** The name of the call, to which the tool's message refers; null for none. */
  readonly id: string | null;
  /** The tool. */
  readonly name: string;
  readonly arguments: { readonly [name: string]: Json };
}

/** A message of a dialogue in which tools may speak. */
export interface TemplateMessage {
  readonly role: Message['role'] | 'tool';
  readonly content: string;
  /** What an assistant calls. */
  readonly toolCalls?: readonly ToolCall[];
  /** The call that a tool's message answers. */
  readonly toolCallId?: string;
  /** The tool whose message it is. */
  readonly name?: string;
}
