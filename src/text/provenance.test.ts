import { describe, expect, it } from 'vitest';
import { fixtureTokenizer, NOW } from '../../test/support/text-fixtures.js';
import { chatFormat } from './chat-format.js';
import { layoutDialogue } from './layout.js';
import type { Message } from './template.js';

const hi: Message[] = [{ role: 'user', content: ' Hi\n' }];

describe('a dialogue whose spans cannot be determined', () => {
  const layout = (template: string, ...messages: Message[]) =>
    layoutDialogue(chatFormat({ tokenizer: fixtureTokenizer('llama'), template }), messages, {
      addGenerationPrompt: false,
      now: NOW,
    });

  it('is an error when a content is written twice', () => {
    const twice = '{% for m in messages %}<|im_start|>{{ m.content }}|{{ m.content }}{% endfor %}';
    expect(() => layout(twice, ...hi)).toThrow(
      expect.objectContaining({
        code: 'E_SPANS',
        message: expect.stringMatching(/message 1 \(user\).*more than once/),
      }),
    );
  });

  it('is an error when the surrounding text depends on the content', () => {
    const odd = '<|im_start|>{% for m in messages %}{{ m.content | length }}{{ m.content }}{% endfor %}';
    expect(() => layout(odd, { role: 'user', content: 'Hold fast' })).toThrow(/E_SPANS.*message 1/);
  });

  it('is no error when a message is not written: its span is empty', () => {
    const users = "<|im_start|>{% for m in messages if m.role == 'user' %}[{{ m.content }}]{% endfor %}";
    const { messages, text } = layout(users, { role: 'system', content: 'S' }, ...hi);
    expect(text).toBe('<|im_start|>[ Hi\n]');
    expect(messages[0]).toMatchObject({
      role: 'system',
      turn: 0,
      start: 1,
      end: 1,
      content: { start: 1, end: 1 },
    });
  });

  it('is an error without messages', () => {
    expect(() => layout('x')).toThrow(expect.objectContaining({ code: 'E_DIALOGUE' }));
  });
});

describe('a content that the template inspects', () => {
  const written = (template: string, content: string): string => {
    const format = chatFormat({
      tokenizer: fixtureTokenizer('llama'),
      template: `<|im_start|>${template}<|im_end|>`,
    });
    const { text, contentChars } = layoutDialogue(format, [{ role: 'user', content }], {
      addGenerationPrompt: false,
      now: NOW,
    });
    return text.slice(contentChars[0]!.start, contentChars[0]!.end);
  };

  it('is found when only a part of it is written', () => {
    expect(written("{{ messages[0].content.split('</think>')[-1] }}", 'hm</think>Aye')).toBe('Aye');
    expect(written('{{ messages[0].content[:4] }}', 'Hold fast')).toBe('Hold');
  });

  it('is found when it is tested for a word, together with the text that this adds beside it', () => {
    const tested = "{% if messages[0].content.startswith('<tool>') %}(T){% endif %}{{ messages[0].content }}";
    expect(written(tested, '<tool>rope</tool>')).toBe('(T)<tool>rope</tool>');
    expect(written(tested, 'rope')).toBe('rope');
  });

  it('is found when a test on it changes text further away', () => {
    const far = "{% if '<tool>' in messages[0].content %}(T){% endif %}[user]{{ messages[0].content }}";
    expect(written(far, 'a<tool>rope')).toBe('a<tool>rope');
    expect(written(far, '<tool>')).toBe('<tool>');
    expect(written(far, '<tool>rope<tool>')).toBe('<tool>rope<tool>');
    expect(written(far, 'rope')).toBe('rope');
  });

  it('is found when a default replaces it', () => {
    expect(written("{{ messages[0].content or 'nothing' }}", '')).toBe('nothing');
  });

  it('is found whatever whitespace surrounds it', () => {
    for (const content of ['\n', ' \n a', 'a \n', '\n\n']) {
      expect(written('\n{{ messages[0].content }}\n', content)).toBe(content);
      expect(written('\n{{ messages[0].content | trim }}\n', content)).toBe(content.trim());
    }
  });
});
