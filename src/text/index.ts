/**
 * This room turns text into tokens and back: tokenizers (from `tokenizer.json` or a GGUF file), chat templates and
 * the moments that they write, and the spans that assign each token of a rendered dialogue to a message. It knows how
 * models write dialogues. It must not know files, folders or Node (it takes parsed JSON and GGUF metadata, so that it
 * runs in a browser), nor models, attention or generation.
 */
export type { AddedToken, CharRange } from './added-tokens.js';
export { type ChatFormat, chatFormat, type TemplateSource } from './chat-format.js';
export type { EncodedText } from './encoded-text.js';
export { GGUF_TEMPLATE_FIELD, templateFromGguf, tokenizerFromGguf } from './gguf-tokenizer.js';
export {
  type DialogueLayout,
  type LayoutOptions,
  layoutDialogue,
  type MessageLayout,
  type MessagePlace,
  placeOf,
  requireWritten,
  wordsAt,
} from './layout.js';
export type { Message, TemplateMessage, ToolCall } from './message.js';
export {
  currentMoment,
  MOMENT_FORMS,
  type Moment,
  MomentText,
  parseMoment,
  recordedMoment,
} from './moment.js';
export type { Span, SpanRole, TokenRange } from './span.js';
export { createStreamDecoder, type DecodeOptions, type StreamDecoder } from './stream.js';
export {
  compileTemplate,
  type Rendering,
  type RenderOptions,
  type Template,
} from './template.js';
export { type NamedToken, type Tokenizer, tokenizerFromJson } from './tokenizer.js';
export { mayWriteTime, writesTime } from './writes-time.js';
