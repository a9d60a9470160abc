import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  asUtf16Ranges,
  fixtureTemplate,
  fixtureTokenizer,
  goldenText,
  MODELS,
  readJson,
  SMOLLM,
  SMOLLM_ABSENT,
  SMOLLM_EXPECTED,
  SMOLLM_GGUF,
  ggufMetadata,
} from '../../test/support/text-fixtures.js';
import { chatFormat } from './chat-format.js';
import { templateFromGguf } from './gguf-tokenizer.js';
import { layoutDialogue } from './layout.js';
import type { Message } from './template.js';
import { tokenizerFromJson } from './tokenizer.js';

describe.each(MODELS)('a dialogue laid out for %s', (model) => {
  const tokenizer = fixtureTokenizer(model);
  const format = chatFormat({ tokenizer, template: fixtureTemplate(model).source });
  const { chats } = goldenText(model);

  it.each(Object.entries(chats))('has the text, ids and contents of transformers: %s', (_, chat) => {
    const layout = layoutDialogue(format, chat.messages, {
      addGenerationPrompt: chat.add_generation_prompt,
      trustContent: true,
    });
    expect(layout.text).toBe(chat.text);
    expect(layout.ids).toEqual(chat.ids);
    expect(layout.contentChars).toEqual(asUtf16Ranges(chat.text, chat.content_chars));
  });
});
