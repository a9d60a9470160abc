import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, loadFixture } from '../../test/support/chat-fixtures.js';
import { FAMILY_TEMPLATES } from '../../test/support/chat-templates.js';
import { NOW } from '../../test/support/text-fixtures.js';
import { parseTarget, resolveTarget } from '../attention/index.js';
import { type Model, Session } from '../engine/index.js';
import { chatFormat } from '../text/index.js';
import { type ChatOptions, openChat, type RowObservation } from './index.js';
import { layoutPrompt, type PromptMessage } from './prompt.js';

/** The system message goes into the last user turn, as in the templates of Mistral-Nemo and Mixtral 8x22B. */
const IN_LAST_USER = `{%- if messages[0].role == 'system' %}{% set sys = messages[0].content %}{% set rest = messages[1:] %}{% else %}{% set rest = messages %}{% endif %}
{%- for m in rest %}
{%- if m.role == 'user' %}
{%- if loop.last and sys is defined %}{{ '<|im_start|>' + sys + '\\n\\n' + m.content + '<|im_end|>' }}{% else %}{{ '<|im_start|>' + m.content + '<|im_end|>' }}{% endif %}
{%- else %}{{ m.content + '<|endoftext|>' }}{% endif %}
{%- endfor %}`;
const MISTRAL = Object.entries(FAMILY_TEMPLATES).find(([name]) => name.endsWith('(Mistral)'))![1].source;
/** The system message goes into the first user turn, as in the templates of Mistral 7B and Gemma 3. */
const IN_FIRST_USER = `{%- set sys = messages[0].content + '\\n\\n' if messages[0].role == 'system' else '' %}
{%- for m in (messages[1:] if sys else messages) %}{{ '<|im_start|>' + m.role + '\\n' + (sys if loop.first else '') + m.content + '<|im_end|>\\n' }}{% endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}`;
const IN_FRONT = `{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}`;

/** The system message goes into the last user turn, after the user's words. */
const AFTER_LAST_USER = `{% for m in messages %}{% if m.role == 'user' and loop.last and messages[0].role == 'system' %}{{ '<|im_start|>user\\n' + m.content + '\\n\\n' + messages[0].content + '<|im_end|>\\n' }}{% elif m.role != 'system' %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}`;
const AT_THE_END = `{% for m in messages %}{% if m.role != 'system' %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}{% endif %}{% endfor %}{% if messages[0].role == 'system' %}{{ '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}{% endif %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}`;
const EVERYWHERE = `{% for m in messages[1:] %}{{ '<|im_start|>' + messages[0].content + '\\n' + m.content + '<|im_end|>' }}{% endfor %}`;
const CUT = IN_FRONT.replace('m.content', "(m.content[:8] if m.role == 'system' else m.content)");

let model: Model;
beforeAll(async () => {
  model = await loadFixture('llama');
});
afterAll(() => model.dispose());

const withTemplate = (template: string): Model => ({
  ...model,
  format: chatFormat({ tokenizer: model.tokenizer!, template }),
});

const SYSTEM = 'the work of the river';
const say = (role: PromptMessage['role'], content: string): PromptMessage => ({ role, content });
const DIALOGUE = [say('system', SYSTEM), say('user', 'one'), say('assistant', 'two'), say('user', 'three')];

/** Returns the text of each range of a target. */
function textOf(target: string, template: string, messages: readonly PromptMessage[] = DIALOGUE): string[] {
  const prompt = layoutPrompt(withTemplate(template).format!, messages, { trustContent: false, now: NOW });
  return resolveTarget(parseTarget(target), prompt).map(({ start, end }) =>
    model.tokenizer!.decode(prompt.ids.slice(start, end)),
  );
}

describe('the tokens of a target, by position of the system message', () => {
  it('in front', () => {
    expect(textOf('message', IN_FRONT)).toEqual([`system\n${SYSTEM}<|im_end|>\n`]);
    expect(textOf('content', IN_FRONT)).toEqual([SYSTEM]);
    expect(textOf('prefix', IN_FRONT)).toEqual([`<|im_start|>system\n${SYSTEM}<|im_end|>\n`]);
  });

  it('in the first user turn', () => {
    expect(textOf('message', IN_FIRST_USER)).toEqual([`user\n${SYSTEM}\n\n`]);
    expect(textOf('content', IN_FIRST_USER)).toEqual([SYSTEM]);
    expect(textOf('prefix', IN_FIRST_USER)).toEqual([`<|im_start|>user\n${SYSTEM}\n\n`]);
  });

  it('in the last user turn: no token of earlier turns', () => {
    expect(textOf('message', IN_LAST_USER)).toEqual([`<|im_start|>${SYSTEM}\n\n`]);
    expect(textOf('content', IN_LAST_USER)).toEqual([SYSTEM]);
    expect(textOf('prefix', IN_LAST_USER)).toEqual(['<|im_start|>', `<|im_start|>${SYSTEM}\n\n`]);
    expect(textOf('message', MISTRAL)).toEqual([`[INST] ${SYSTEM}\n\n`]);
    expect(textOf('prefix', MISTRAL)).toEqual([
      model.tokenizer!.decode([model.tokenizer!.bos!.id]),
      `[INST] ${SYSTEM}\n\n`,
    ]);
  });

  it('in the last user turn, after the words of the user', () => {
    expect(textOf('message', AFTER_LAST_USER)).toEqual([`${SYSTEM}<|im_end|>\n`]);
    expect(textOf('prefix', AFTER_LAST_USER)).toEqual(['<|im_start|>', `${SYSTEM}<|im_end|>\n`]);
  });

  it('at the end of the dialogue', () => {
    const message = `<|im_start|>system\n${SYSTEM}<|im_end|>\n`;
    expect(textOf('message', AT_THE_END)).toEqual([message]);
    expect(textOf('prefix', AT_THE_END)).toEqual(['<|im_start|>', message]);
  });

  it('cut by the template: only the words that it writes', () => {
    expect(textOf('message', CUT)).toEqual(['system\nthe work<|im_end|>\n']);
    expect(textOf('content', CUT)).toEqual(['the work']);
  });

  it('in the middle of the dialogue', () => {
    const middle = [say('user', 'one'), say('assistant', 'two'), say('system', SYSTEM), say('user', 'three')];
    expect(textOf('message', IN_FRONT, middle)).toEqual([`<|im_start|>system\n${SYSTEM}<|im_end|>\n`]);
    expect(textOf('content', IN_FRONT, middle)).toEqual([SYSTEM]);
    expect(textOf('prefix', IN_FRONT, middle)).toEqual([
      '<|im_start|>',
      `<|im_start|>system\n${SYSTEM}<|im_end|>\n`,
    ]);
  });

  it('twice', () => {
    const twice = [...DIALOGUE.slice(0, 3), say('system', 'and of the sea'), say('user', 'three')];
    const second = '<|im_start|>system\nand of the sea<|im_end|>\n';
    expect(textOf('message', IN_FRONT, twice)).toEqual([`system\n${SYSTEM}<|im_end|>\n`, second]);
    expect(textOf('content', IN_FRONT, twice)).toEqual([SYSTEM, 'and of the sea']);
  });

  it('without words: its header, and no words', () => {
    const silent = [say('system', ''), say('user', 'one')];
    expect(textOf('message', IN_FRONT, silent)).toEqual(['system\n<|im_end|>\n']);
    expect(() => textOf('content', IN_FRONT, silent)).toThrow(/E_TARGET: the target content has no tokens/);
  });

  it('repeated in every turn: all its places, and nothing else', () => {
    const later = `<|im_start|>${SYSTEM}\n`;
    expect(textOf('message', EVERYWHERE)).toEqual([`${SYSTEM}\n`, later, later]);
    expect(textOf('content', EVERYWHERE)).toEqual([SYSTEM, SYSTEM, SYSTEM]);
    expect(textOf('prefix', EVERYWHERE)).toEqual([later, later, later]);
  });
});

describe('a system message that moves with every turn', () => {
  const USERS = ['one two', 'three four', 'five six'];
  const COLD: ChatOptions = { system: SYSTEM, maxTokens: 6, sampling: { temperature: 0 } };
  const HOLD = { policy: 'split-softmax', strength: 0.5 } as const;
  const MOVING = {
    'before the words of the last user': IN_LAST_USER,
    'after the words of the last user': AFTER_LAST_USER,
    'at the end': AT_THE_END,
  };

  it('has the share of its own tokens in every turn', async () => {
    const chat = openChat(withTemplate(IN_LAST_USER), { ...COLD, ...HOLD });
    for (const user of USERS) {
      const { steps, turn } = await ask(chat, user);
      const wordsOf = (step: (typeof steps)[number]): number =>
        step.shares.spans.filter(({ role }) => role === 'system').reduce((sum, { share }) => sum + share, 0);
      const words = steps.reduce((sum, step) => sum + wordsOf(step), 0) / steps.length;
      expect(turn.parts.words!.mean!.after).toBeCloseTo(words, 6);
      // The target is the message: its words, its header and its tail.
      expect(turn.shares!.mean!.after).toBeCloseTo(turn.parts.prompt!.mean!.after, 6);
      expect(turn.parts.prompt!.mean!.after).toBeGreaterThan(turn.parts.words!.mean!.after);
      const { prompt, sink, prefix } = turn.parts;
      expect(prefix!.mean!.before).toBeCloseTo(prompt!.mean!.before + sink!.mean!.before, 6);
    }
    chat.dispose();
  });

  it('is raised, and nothing else is: old turns lose share in every row', async () => {
    const chat = openChat(withTemplate(IN_LAST_USER), { ...COLD, ...HOLD });
    let rows = 0;
    const observe = ({ spans, watched, shares }: RowObservation): void => {
      const { before, after } = shares.spans!;
      const message = new Set(watched[0]);
      for (let pair = 0; pair < before.length / spans.length; pair++) {
        for (const [place, { role, turn }] of spans.entries()) {
          const [from, to] = [before[pair * spans.length + place]!, after[pair * spans.length + place]!];
          const where = `pair ${pair}, ${role} of turn ${turn}`;
          if (message.has(place)) expect(to, where).toBeGreaterThanOrEqual(from - 1e-6);
          else expect(to, where).toBeLessThanOrEqual(from + 1e-6);
        }
      }
      rows++;
    };
    for (const user of USERS) await ask(chat, user, { watch: [{ kind: 'message' }], observe });
    expect(rows).toBeGreaterThan(USERS.length);
    chat.dispose();
  });

  it.each(Object.entries({ ...MOVING, 'in every turn': EVERYWHERE }))(
    'is answered as if the whole dialogue were computed again: %s',
    async (_, template) => {
      for (const settings of [{}, HOLD, { ...HOLD, target: { kind: 'prefix' } } as const]) {
        const chat = openChat(withTemplate(template), { ...COLD, ...settings });
        for (const user of USERS) await ask(chat, user);
        const last = chat.turns.at(-1)!;
        const fresh = openChat(withTemplate(template), { ...COLD, ...settings });
        for (const [index, user] of USERS.entries()) {
          // Nothing of the earlier turns is left in the cache.
          if (index === USERS.length - 1) fresh.keep({ dialogue: 0, without: 0 });
          await ask(fresh, user);
        }
        expect(fresh.turns.at(-1)!.ids).toEqual(last.ids);
        expect(fresh.turns.at(-1)!.shares).toEqual(last.shares);
        expect(fresh.turns.at(-1)!.parts).toEqual(last.parts);
        chat.dispose();
        fresh.dispose();
      }
    },
  );

  it.each(Object.entries(MOVING))(
    'has the attention to its own tokens, summed by hand from a whole pass: %s',
    async (_, template) => {
      const moving = withTemplate(template);
      const { layers } = model.executor.blueprint;
      const chat = openChat(moving, COLD);
      for (const user of USERS) {
        const { turn } = await ask(chat, user);
        const ids = [...chat.session.tokens];
        const session = new Session(model.executor);
        const { attention } = await session.advance(ids, { taps: { attention: [...layers.keys()] } });
        session.dispose();
        // The words of the system message occur once in the text.
        const pieces = ids.map((id) => model.tokenizer!.decode([id]));
        const begin = pieces.join('').lastIndexOf(SYSTEM);
        const own = pieces.flatMap((piece, at) => {
          const start = pieces.slice(0, at).join('').length;
          return start + piece.length > begin && start < begin + SYSTEM.length ? [at] : [];
        });
        const first = turn.timing.promptTokens - 1;
        const weights = [...attention.values()].flatMap((weights) =>
          Array.from({ length: weights.length / ids.length ** 2 }, (_, head) =>
            Array.from({ length: turn.ids.length }, (_, index) => {
              const row = (head * ids.length + first + index) * ids.length;
              return own.reduce((sum, at) => sum + weights[row + at]!, 0);
            }),
          ).flat(),
        );
        const byHand = weights.reduce((sum, weight) => sum + weight, 0) / weights.length;
        expect(turn.parts.words!.mean!.before, user).toBeCloseTo(byHand, 5);
        expect(turn.parts.prompt!.mean!.before).toBeGreaterThan(byHand);
      }
      chat.dispose();
    },
  );

  it('gives dialogues that share a session the answers they have without sharing', async () => {
    const moving = withTemplate(IN_LAST_USER);
    const alone = openChat(moving, { ...COLD, prefixFirst: true });
    for (const user of USERS) await ask(alone, user);
    const other = openChat(moving, { ...COLD, prefixFirst: true });
    await ask(other, 'seven');
    const shared = openChat(moving, { ...COLD, session: other.session });
    for (const user of USERS) await ask(shared, user);
    expect(shared.turns.map(({ ids, shares }) => ({ ids, shares }))).toEqual(
      alone.turns.map(({ ids, shares }) => ({ ids, shares })),
    );
    for (const chat of [shared, other, alone]) chat.dispose();
  });
});
