import { describe, expect, it } from 'vitest';
import { fixtureTokenizer } from '../../test/support/text-fixtures.js';
import { chatFormat } from './chat-format.js';
import type { Message } from './message.js';
import { mayWriteTime, writesTime } from './writes-time.js';

const tokenizer = fixtureTokenizer('llama');
const user: Message = { role: 'user', content: 'Hi' };
const both: readonly Message[] = [{ role: 'system', content: 'Be brief.' }, user];
const writes = (template: string, messages = both, addGenerationPrompt = true): boolean =>
  writesTime(chatFormat({ tokenizer, template }), messages, { addGenerationPrompt });

describe('a template', () => {
  it('can write the time if it names strftime_now', () => {
    expect(mayWriteTime('{{ strftime_now("%d") }}')).toBe(true);
    expect(mayWriteTime('{% if strftime_now is defined %}{% endif %}')).toBe(true);
    expect(mayWriteTime('{{ my_strftime_nowhere }} {{ date_string }}')).toBe(false);
  });

  it.each('Y y m B b d A a H M S'.split(' '))('writes the time with %%%s', (code) => {
    expect(writes(`{{ strftime_now("%${code}") }}{{ messages[0].content }}`)).toBe(true);
  });

  it('writes it in some dialogues only', () => {
    const withoutSystem =
      "{% if messages[0].role != 'system' %}{{ strftime_now('%d %b %Y') }}{% endif %}{{ messages[-1].content }}";
    expect(writes(withoutSystem)).toBe(false);
    expect(writes(withoutSystem, [user])).toBe(true);
    const beforeAnswer =
      "{{ messages[-1].content }}{% if add_generation_prompt %}{{ strftime_now('%d') }}{% endif %}";
    expect([writes(beforeAnswer), writes(beforeAnswer, both, false)]).toEqual([true, false]);
  });

  it('does not write what it only asks for', () => {
    expect(writes("{% set today = strftime_now('%d %b %Y') %}{{ messages[0].content }}")).toBe(false);
    expect(writes("{# strftime_now('%d') #}{{ messages[0].content }}")).toBe(false);
  });
});
