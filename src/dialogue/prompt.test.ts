import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadFixture, SYSTEM } from '../../test/support/chat-fixtures.js';
import { FAMILY_TEMPLATES } from '../../test/support/chat-templates.js';
import { NOW } from '../../test/support/text-fixtures.js';
import type { Model } from '../engine/index.js';
import { chatFormat } from '../text/index.js';
import { layoutPrompt, layoutWithoutSystem, type PromptMessage } from './prompt.js';

let model: Model;
beforeAll(async () => {
  model = await loadFixture('llama');
});
afterAll(() => model.dispose());

const UNTRUSTED = { trustContent: false, now: NOW };
const dialogue = (answer: string, ids?: readonly number[]): PromptMessage[] => [
  { role: 'system', content: SYSTEM },
  { role: 'user', content: 'hello' },
  { role: 'assistant', content: answer, ...(ids ? { ids } : {}) },
  { role: 'user', content: 'and now?' },
];
/** `hold` as single letters, which the tokenizer would not choose. */
const letters = (): number[] => [...'hold'].flatMap((letter) => model.tokenizer!.encode(letter));

describe('a prompt', () => {
  it('keeps the sampled tokens of an earlier answer, and moves the spans after it', () => {
    const encoded = layoutPrompt(model.format!, dialogue('hold'), UNTRUSTED);
    const sampled = layoutPrompt(model.format!, dialogue('hold', letters()), UNTRUSTED);
    const answer = sampled.spans.find(({ role }) => role === 'assistant')!;
    expect(sampled.ids.slice(answer.start, answer.end)).toEqual(letters());
    const grown = sampled.ids.length - encoded.ids.length;
    expect(grown).toBe(4 - model.tokenizer!.encode('hold').length);
    expect(grown).toBeGreaterThan(0);
    expect(sampled.spans.map(({ role, turn }) => [role, turn])).toEqual(
      encoded.spans.map(({ role, turn }) => [role, turn]),
    );
    sampled.spans.forEach(({ start, end }, i) => {
      expect(start).toBe(sampled.spans[i - 1]?.end ?? 0);
      const moved = start >= answer.end ? grown : 0;
      expect(start).toBe(encoded.spans[i]!.start + moved);
      expect(end).toBeGreaterThan(start);
    });
    expect(sampled.spans.at(-1)!.end).toBe(sampled.ids.length);
    expect(sampled.messages[0]).toEqual(encoded.messages[0]);
  });

  it('finds every message after an answer that became longer', () => {
    const { messages, ids } = layoutPrompt(model.format!, dialogue('hold', letters()), UNTRUSTED);
    const texts = messages.flatMap(({ places }) =>
      places.flatMap(({ content }) =>
        content.map(({ start, end }) => model.tokenizer!.decode(ids.slice(start, end))),
      ),
    );
    expect(texts).toEqual([SYSTEM, 'hello', 'hold', 'and now?']);
  });

  it('keeps control tokens that were sampled, although the text has none', () => {
    const ids = [...letters(), 0];
    const prompt = layoutPrompt(model.format!, dialogue('hold', ids), UNTRUSTED);
    expect(prompt.ids.join()).toContain(ids.join());
  });

  it('accepts messages and answers of hundreds of thousands of tokens', () => {
    const long = Array<number>(200_000).fill(model.tokenizer!.encode('h')[0]!);
    const text = model.tokenizer!.decode(long);
    const [system, user, answer, last] = dialogue(text, long);
    const { ids } = layoutPrompt(
      model.format!,
      [system!, user!, answer!, { ...last!, content: text }],
      UNTRUSTED,
    );
    expect(ids.length).toBeGreaterThan(300_000);
  });

  it('encodes an answer again when its text is not that of its tokens', () => {
    const cut = layoutPrompt(model.format!, dialogue('hol', letters()), UNTRUSTED);
    expect(cut).toEqual(layoutPrompt(model.format!, dialogue('hol'), UNTRUSTED));
  });

  it('keeps the space around an answer that a template trims', async () => {
    const gemma = await loadFixture('gemma3');
    const ids = gemma.tokenizer!.encode('hold  ');
    const text = gemma.tokenizer!.decode(ids);
    expect(text.trim()).not.toBe(text);
    const prompt = layoutPrompt(gemma.format!, dialogue(text, ids), UNTRUSTED);
    expect(prompt.ids.join()).toContain(ids.join());
    await gemma.dispose();
  });

  it('is refused when the template leaves out the system message', () => {
    const silent = chatFormat({
      tokenizer: model.tokenizer!,
      template:
        "{% for m in messages %}{% if m.role != 'system' %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>' }}{% endif %}{% endfor %}",
    });
    expect(() => layoutPrompt(silent, dialogue('hold'), UNTRUSTED)).toThrow(/E_TEMPLATE.*system message/);
  });
});

describe('a prompt without its system message', () => {
  const textOf = (template: string): string => {
    const format = chatFormat({ tokenizer: model.tokenizer!, template });
    const ids = layoutWithoutSystem(format, dialogue('hold', letters()), UNTRUSTED);
    return model.tokenizer!.decode([...ids]);
  };
  const family = (start: string): string => {
    const name = Object.keys(FAMILY_TEMPLATES).find((name) => name.startsWith(start))!;
    return FAMILY_TEMPLATES[name]!.source;
  };
  const SPOKEN =
    '<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\nhold<|im_end|>\n<|im_start|>user\nand now?<|im_end|>\n<|im_start|>assistant\n';

  it('has the same tokens without those of the message, and answers as they were sampled', () => {
    const { ids, messages } = layoutPrompt(model.format!, dialogue('hold', letters()), UNTRUSTED);
    // The first token opens the message, whose range begins after it.
    const rest = ids.slice(messages[0]!.places[0]!.end);
    expect(layoutWithoutSystem(model.format!, dialogue('hold', letters()), UNTRUSTED)).toEqual(rest);
    expect(rest.join()).toContain(letters().join());
  });

  it('has no default prompt of the template either', () => {
    expect(textOf(family('ChatML that adds'))).toBe(SPOKEN);
  });

  it('keeps a BOS, and begins with the user after it', async () => {
    const gemma = await loadFixture('gemma3');
    const tokenizer = gemma.tokenizer!;
    const template = `{{ bos_token }}{% if messages[0].role != 'system' %}<start_of_turn>system\nBe kind.<end_of_turn>\n{% endif %}{% for m in messages %}<start_of_turn>{{ m.role }}\n{{ m.content }}<end_of_turn>\n{% endfor %}`;
    const [, user] = dialogue('hold');
    const ids = layoutWithoutSystem(chatFormat({ tokenizer, template }), [user!], UNTRUSTED);
    expect(tokenizer.decode([...ids])).toBe('<bos><start_of_turn>user\nhello<end_of_turn>\n');
    await gemma.dispose();
  });

  it('keeps the header of a user message that the system text is folded into', async () => {
    const gemma = await loadFixture('gemma3');
    const messages = dialogue('hold');
    const ids = layoutWithoutSystem(gemma.format!, messages, UNTRUSTED);
    const { ids: bare } = layoutPrompt(gemma.format!, messages.slice(1), UNTRUSTED);
    expect(ids).toEqual(bare);
    await gemma.dispose();
  });
});
