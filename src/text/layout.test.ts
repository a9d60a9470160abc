import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FAMILY_TEMPLATES, type FamilyTemplate } from '../../test/support/chat-templates.js';
import {
  asUtf16Ranges,
  fixtureTemplate,
  fixtureTokenizer,
  ggufMetadata,
  goldenText,
  MODELS,
  NOW,
  readJson,
  SMOLLM_ABSENT,
  SMOLLM_EXPECTED,
  SMOLLM_GGUF,
} from '../../test/support/text-fixtures.js';
import { type ChatFormat, chatFormat } from './chat-format.js';
import { templateFromGguf, tokenizerFromGguf } from './gguf-tokenizer.js';
import { type DialogueLayout, layoutDialogue, placeOf, wordsAt } from './layout.js';
import type { Message } from './message.js';
import type { Template } from './template.js';

const dialogueOf = (...contents: string[]): Message[] =>
  contents.map((content, i) => ({ role: i === 0 ? 'system' : i % 2 === 1 ? 'user' : 'assistant', content }));

describe.each(MODELS)('a dialogue laid out for %s', (model) => {
  const tokenizer = fixtureTokenizer(model);
  const format = chatFormat({ tokenizer, template: fixtureTemplate(model).source });
  const { chats } = goldenText(model);

  it.each(Object.entries(chats))('has the same text, ids and contents as transformers: %s', (_, chat) => {
    const layout = layoutDialogue(format, chat.messages, {
      addGenerationPrompt: chat.add_generation_prompt,
      now: NOW,
      trustContent: true,
    });
    expect(layout.text).toBe(chat.text);
    expect(layout.ids).toEqual(chat.ids);
    expect(layout.contentChars).toEqual(asUtf16Ranges(chat.text, chat.content_chars).map((range) => [range]));
  });

  it('has the same ids without trust as well, if no message contains a control token', () => {
    for (const [name, chat] of Object.entries(chats)) {
      const layout = layoutDialogue(format, chat.messages, {
        addGenerationPrompt: chat.add_generation_prompt,
        now: NOW,
      });
      if (name.startsWith('injection')) expect(layout.ids).not.toEqual(chat.ids);
      else expect(layout.ids).toEqual(chat.ids);
    }
  });
});

describe('the borders of messages', () => {
  it('are right in ChatML, message by message', () => {
    const format = chatFormat({
      tokenizer: fixtureTokenizer('llama'),
      template: fixtureTemplate('llama').source,
    });
    const layout = layoutDialogue(format, dialogueOf('Be brief.', 'Hold fast?', 'Aye.', 'And now?'), {
      addGenerationPrompt: true,
      now: NOW,
    });
    const written = (range: { start: number; end: number }): string =>
      format.tokenizer.decode(layout.ids.slice(range.start, range.end));
    expect(layout.messages.map((message) => written(placeOf(message)))).toEqual([
      'system\nBe brief.<|im_end|>\n',
      '<|im_start|>user\nHold fast?<|im_end|>\n',
      '<|im_start|>assistant\nAye.<|im_end|>\n',
      '<|im_start|>user\nAnd now?<|im_end|>\n',
    ]);
    expect(layout.spans.map((span) => [span.role, span.turn, written(span)])).toEqual([
      ['sink', 0, '<|im_start|>'],
      ['template', 0, 'system\n'],
      ['system', 0, 'Be brief.'],
      ['template', 0, '<|im_end|>\n'],
      ['template', 1, '<|im_start|>user\n'],
      ['user', 1, 'Hold fast?'],
      ['template', 1, '<|im_end|>\n'],
      ['template', 1, '<|im_start|>assistant\n'],
      ['assistant', 1, 'Aye.'],
      ['template', 1, '<|im_end|>\n'],
      ['template', 2, '<|im_start|>user\n'],
      ['user', 2, 'And now?'],
      ['template', 2, '<|im_end|>\n'],
      ['template', 2, '<|im_start|>assistant\n'],
    ]);
  });

  const bordersOf = (family: string, ...messages: Message[]): string[] => {
    const format = familyFormat(family);
    const {
      ids,
      messages: ranges,
      spans,
    } = layoutDialogue(format, messages, { addGenerationPrompt: true, now: NOW });
    const places = ranges.flatMap((message) => message.places);
    const edges = [0, ...places.flatMap(({ start, end }) => [start, end]), spans.at(-1)!.end].sort(
      (a, b) => a - b,
    );
    const pieces = edges.slice(1).map((edge, i) => format.tokenizer.decode(ids.slice(edges[i], edge)));
    return pieces.filter((piece) => piece !== '');
  };

  it('put a system message that the template adds into turn 0, outside all messages', () => {
    const name = 'ChatML that adds a system message of its own (Qwen2.5, SmolLM2)';
    expect(bordersOf(name, { role: 'user', content: 'Hi' })).toEqual([
      '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n',
      '<|im_start|>user\nHi<|im_end|>\n',
      '<|im_start|>assistant\n',
    ]);
    const layout = layoutDialogue(familyFormat(name), [{ role: 'user', content: 'Hi' }], {
      addGenerationPrompt: true,
      now: NOW,
    });
    expect(layout.spans.slice(0, 3).map(({ role, turn }) => [role, turn])).toEqual([
      ['sink', 0],
      ['template', 0],
      ['template', 1],
    ]);
  });

  it('are found when the template writes the last answer differently', () => {
    const thinking = '<think>\nhm\n</think>\n\nAye.';
    expect(
      bordersOf('thinking removed from earlier answers (Qwen3)', ...dialogueOf('S', 'Q', thinking, 'R')),
    ).toEqual([
      '<|im_start|>',
      'system\nS<|im_end|>\n',
      '<|im_start|>user\nQ<|im_end|>\n',
      '<|im_start|>assistant\nAye.<|im_end|>\n',
      '<|im_start|>user\nR<|im_end|>\n',
      '<|im_start|>assistant\n',
    ]);
  });

  it('give a folded system message the line breaks after it', () => {
    const format = chatFormat({
      tokenizer: fixtureTokenizer('gemma3'),
      template: fixtureTemplate('gemma3').source,
    });
    const layout = layoutDialogue(format, dialogueOf('Be brief.', 'Hi'), {
      addGenerationPrompt: false,
      now: NOW,
    });
    const { start, end } = placeOf(layout.messages[0]!);
    expect(format.tokenizer.decode(layout.ids.slice(start, end))).toBe('<start_of_turn>user\nBe brief.\n\n');
  });
});

const families = Object.keys(FAMILY_TEMPLATES);
function familyFormat(name: string): ChatFormat {
  return chatFormat({ tokenizer: fixtureTokenizer('llama'), template: FAMILY_TEMPLATES[name]!.source });
}

/** Contents that are hard for templates and tokenizers. */
const fragment = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.constantFrom(
    ' ',
    '\n',
    '\n\n',
    '\t',
    '  ',
    '',
    'user',
    'system',
    'assistant',
    'Hold fast.',
    'é',
    '日本語',
    '🙂',
  ),
  fc.constantFrom('👩‍👩‍👧', 'a\u0301', '\u00a0', '\u2581', '\ue000', '\\n', "'", '"', '{{ x }}', '{% raw %}'),
);
const injected = fc.constantFrom(
  ...['<|im_start|>', '<|im_end|>', '<|endoftext|>', '<|im_start|>system\n', '<bos>', '<start_of_turn>'],
  ...['</s>', '[INST]', '[/INST]', '<0x41>', '<unk>', '<|im_', 'end|>', '<|user|>', '</think>', '<think>'],
  ...['<tool_response>', '</tool_response>'],
);
const content = fc.array(fragment, { maxLength: 5 }).map((parts) => parts.join(''));
const hostileContent = fc
  .array(fc.oneof(fragment, injected), { maxLength: 6 })
  .map((parts) => parts.join(''));

/** An optional system message, then user and assistant alternately; sometimes all messages are equal. */
const dialogues = (words: fc.Arbitrary<string>, withSystem = true): fc.Arbitrary<Message[]> =>
  fc
    .record({
      system: withSystem ? fc.boolean() : fc.constant(false),
      contents: fc.oneof(
        fc.array(words, { minLength: 2, maxLength: 7 }),
        fc
          .tuple(words, fc.integer({ min: 2, max: 6 }))
          .map(([same, count]) => Array(count).fill(same) as string[]),
      ),
    })
    .map(({ system, contents }) => (system ? dialogueOf(...contents) : dialogueOf('', ...contents).slice(1)));

function expectPartition({ ids, spans, messages }: DialogueLayout): void {
  expect(spans[0]).toEqual({ start: 0, end: 1, role: 'sink', turn: 0 });
  spans.forEach((span, i) => {
    expect(span.start).toBe(i === 0 ? 0 : spans[i - 1]!.end);
    expect(span.end).toBeGreaterThan(span.start);
  });
  expect(spans.at(-1)!.end).toBe(ids.length);
  for (const { role, turn, places } of messages) {
    for (const { start, end, content } of places) {
      expect(start).toBeLessThanOrEqual(content[0]!.start);
      expect(content.at(-1)!.end).toBeLessThanOrEqual(end);
      for (const words of content) {
        if (words.end > words.start) expect(spans).toContainEqual({ ...words, role, turn });
      }
    }
  }
}

type Writes = FamilyTemplate['writes'];
const formats: [string, ChatFormat, Writes, boolean][] = [
  ...families.map((name): [string, ChatFormat, Writes, boolean] => [
    name,
    familyFormat(name),
    FAMILY_TEMPLATES[name]!.writes,
    FAMILY_TEMPLATES[name]!.refusesSystem !== true,
  ]),
  ...(['gemma3', 'mistral'] as const).map((model): [string, ChatFormat, Writes, boolean] => [
    `${model}'s own`,
    chatFormat({ tokenizer: fixtureTokenizer(model), template: fixtureTemplate(model).source }),
    (content) => [model === 'gemma3' ? content.trim() : content],
    true,
  ]),
];

describe.each(formats)('spans of any dialogue: %s', (_, format, writes, withSystem) => {
  const { tokenizer } = format;
  const controls = (ids: readonly number[]): number[] => ids.filter((id) => tokenizer.isSpecial(id));
  const NOTHING = { start: 0, end: 0 };
  const sinkless = (layout: DialogueLayout, i: number) => {
    const { places } = layout.messages[i]!;
    return places.length === 0 ? NOTHING : wordsAt(placeOf(layout.messages[i]!));
  };

  it('partition the tokens, contain each content, and do not change the ids of the text', () => {
    fc.assert(
      fc.property(dialogues(content, withSystem), fc.boolean(), (messages, addGenerationPrompt) => {
        fc.pre(addGenerationPrompt || messages.some(({ content }) => content !== ''));
        const layout = layoutDialogue(format, messages, { addGenerationPrompt, now: NOW });
        expectPartition(layout);
        expect(layout.ids).toEqual(tokenizer.encode(layout.text, { special: true }));
        messages.forEach(({ content, role }, i) => {
          const { start, end } = layout.contentChars[i]![0] ?? NOTHING;
          expect(writes(content, role)).toContain(layout.text.slice(start, end));
          const { start: from, end: to } = sinkless(layout, i);
          const decoded = tokenizer.decode(layout.ids.slice(from, to));
          expect(decoded).toContain(tokenizer.decode(tokenizer.encode(layout.text.slice(start, end))));
        });
      }),
    );
  });

  it("never contain a control token from a message's words, and equal transformers' ids when trusted", () => {
    fc.assert(
      fc.property(dialogues(hostileContent, withSystem), fc.boolean(), (messages, addGenerationPrompt) => {
        fc.pre(addGenerationPrompt || messages.some(({ content }) => content !== ''));
        const layout = layoutDialogue(format, messages, { addGenerationPrompt, now: NOW });
        expectPartition(layout);
        messages.forEach((_, i) => {
          const { start, end } = sinkless(layout, i);
          expect(controls(layout.ids.slice(start, end))).toEqual([]);
        });
        // Nor do its words become one outside its span: the count is the same as when every content is x.
        const harmless = messages.map(({ role, content }) => ({ role, content: content === '' ? '' : 'x' }));
        const reference = layoutDialogue(format, harmless, { addGenerationPrompt, now: NOW });
        expect(controls(layout.ids)).toEqual(controls(reference.ids));
        expect(tokenizer.decode(layout.ids).replaceAll('\u2581', ' ')).toBe(
          layout.text.replaceAll('\u2581', ' '),
        );
        const trusted = layoutDialogue(format, messages, {
          addGenerationPrompt,
          now: NOW,
          trustContent: true,
        });
        expectPartition(trusted);
        expect(trusted.text).toBe(layout.text);
        expect(trusted.ids).toEqual(tokenizer.encode(layout.text, { special: true }));
      }),
    );
  });
});

describe.skipIf(SMOLLM_ABSENT)(`the travel dialogue of SmolLM2 ${SMOLLM_ABSENT || ''}`, () => {
  it('has the golden text, ids and end of the system message', async () => {
    const metadata = await ggufMetadata(SMOLLM_GGUF);
    const format = chatFormat({
      tokenizer: tokenizerFromGguf(metadata),
      template: templateFromGguf(metadata),
    });
    const golden = readJson<{ messages: Message[]; rendered: string; ids: number[]; system_end: number }>(
      SMOLLM_EXPECTED,
    );
    const layout = layoutDialogue(format, golden.messages, { addGenerationPrompt: true, now: NOW });
    expect(layout.text).toBe(golden.rendered);
    expect(layout.ids).toEqual(golden.ids);
    expect(placeOf(layout.messages[0]!).end).toBe(golden.system_end);
    expectPartition(layout);
  });
});

describe('a long dialogue', () => {
  const messages = dialogueOf(
    'Be brief.',
    ...Array.from({ length: 100 }, (_, i) => ` Message ${i}, of some words.\n`),
  );

  it.each(MODELS)('renders the template of %s a few times, not once per message', (model) => {
    const format = chatFormat({
      tokenizer: fixtureTokenizer(model),
      template: fixtureTemplate(model).source,
    });
    let renderings = 0;
    const template: Template = {
      ...format.template,
      renderWords(...rendered) {
        renderings++;
        return format.template.renderWords(...rendered);
      },
    };
    const layout = layoutDialogue({ ...format, template }, messages, {
      addGenerationPrompt: false,
      now: NOW,
    });
    expect(renderings).toBeLessThan(10);
    expect(layout.contentChars.map(([words]) => layout.text.slice(words!.start, words!.end).trim())).toEqual(
      messages.map(({ content }) => content.trim()),
    );
    expectPartition(layout);
  });
});
