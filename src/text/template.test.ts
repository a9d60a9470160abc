import { describe, expect, it } from 'vitest';
import { FAMILY_TEMPLATES } from '../../test/support/chat-templates.js';
import { NOW } from '../../test/support/text-fixtures.js';
import type { Message } from './message.js';
import { type Moment, parseMoment } from './moment.js';
import { compileTemplate } from './template.js';

const hi: Message[] = [{ role: 'user', content: ' Hi\n' }];
const render = (source: string, messages = hi, now: Moment = NOW): string =>
  compileTemplate(source).render(messages, {
    addGenerationPrompt: true,
    specialTokens: { bos_token: '<s>', eos_token: '</s>' },
    now,
  });

describe('a chat template', () => {
  it('can use the names that transformers defines', () => {
    expect(render('{{ bos_token }}{{ messages[0].role }}{{ eos_token }}{{ add_generation_prompt }}')).toBe(
      '<s>user</s>True',
    );
    expect(render('{{ tools is none and documents is none }} {{ pad_token is defined }}')).toBe('True False');
    expect(
      render(
        '{% set ns = namespace(n=0) %}{% for i in range(3) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}',
      ),
    ).toBe('3');
    expect(
      render(
        '{% for i in range(9) %}{% if i == 1 %}{% continue %}{% endif %}{% if i > 3 %}{% break %}{% endif %}{{ i }}{% endfor %}',
      ),
    ).toBe('023');
  });

  it('may look at each character of a long dialogue, as those for images do, but not often at each', () => {
    const looks = (rounds: number): string =>
      `{% for m in messages %}{% for i in range(${rounds}) %}{% for c in m.content %}` +
      "{% if c.type == 'image' %}{% set found = true %}{% endif %}" +
      '{% endfor %}{% endfor %}{% endfor %}{{ messages | length }}';
    const messages = Array.from(
      { length: 500 },
      (): Message => ({ role: 'user', content: 'word '.repeat(200) }),
    );
    expect(render(looks(1), messages)).toBe('500');
    expect(() => render(looks(9), messages)).toThrow(/E_TEMPLATE.*takes more than \d+ steps/);
  });

  it('writes the given date in English', () => {
    const now = parseMoment('2024-07-05T07:08:09');
    expect(render('{{ strftime_now("%d %b %Y|%A %B %y|%H:%M:%S|%j%%") }}', hi, now)).toBe(
      '05 Jul 2024|Friday July 24|07:08:09|187%',
    );
  });

  it('drops the line break after a block and the blanks before one', () => {
    expect(render('a\n  {% if true %}\nb\n  {% endif %}\nc\n')).toBe('a\nb\nc');
  });

  it('strips as Python does', () => {
    const strip = (expression: string, content: string): string =>
      render(`{% set c = messages[0].content %}{{ ${expression} }}`, [{ role: 'user', content }]);
    expect(strip("c.strip('\\n')", '\n a \n')).toBe(' a ');
    expect(strip("c.lstrip('\\n')", '\n\n a\n')).toBe(' a\n');
    expect(strip("c.rstrip('x\\n') + '.'", '\nax\n')).toBe('\na.');
    expect(strip('c | trim', '\u001c\u0085 a\u00a0')).toBe('a');
    expect(strip('c.strip()', '\ufeffa ')).toBe('\ufeffa');
    expect(strip('c | trim | upper', ' a ')).toBe('A');
    expect(strip("c.split('</t>')[-1].lstrip('\\n')", 'x</t>\n\n y')).toBe(' y');
  });

  it('refuses a dialogue with its own message', () => {
    const { source } = FAMILY_TEMPLATES['no system role (Gemma 2)']!;
    expect(() => render(source, [{ role: 'system', content: 'S' }])).toThrow(
      expect.objectContaining({
        code: 'E_TEMPLATE',
        message: expect.stringContaining('System role not supported'),
      }),
    );
  });

  it('renders the next dialogue after one that took too many steps', () => {
    const loop = '{% for i in range(messages[0].content | int) %}';
    const template = compileTemplate(`${loop}${loop}{% endfor %}{% endfor %}ready`);
    const render = (content: string): string =>
      template.render([{ role: 'user', content }], { addGenerationPrompt: false, now: NOW });
    expect(() => render('10000')).toThrow(/takes more than \d+ steps/);
    expect(render('3')).toBe('ready');
  });

  it('reports its own errors', () => {
    expect(() => compileTemplate('{% for %}', 'x.jinja')).toThrow(
      expect.objectContaining({
        code: 'E_TEMPLATE',
        file: 'x.jinja',
        message: expect.stringContaining('parsed'),
      }),
    );
    expect(() => render('{{ messages | frobnicate }}')).toThrow(/E_TEMPLATE.*frobnicate/);
    expect(() =>
      compileTemplate('{{ [1, 2] | random }}', 'm.gguf', 'models/chat_template.jinja').render(hi, {
        addGenerationPrompt: true,
        now: NOW,
      }),
    ).toThrow(
      expect.objectContaining({
        message: expect.stringContaining('random'),
        hint: 'Put another template into models/chat_template.jinja, and give its folder as the model',
      }),
    );
    expect(() => compileTemplate(null, 'base-model')).toThrow(
      expect.objectContaining({
        code: 'E_TEMPLATE',
        file: 'base-model',
        message: expect.stringContaining('no chat template'),
      }),
    );
  });
});
