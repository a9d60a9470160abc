import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ANSWER_TEMPLATES, type AnswerTemplate } from '../../test/support/answer-templates.js';
import { loadFixture, SYSTEM } from '../../test/support/chat-fixtures.js';
import { FAMILY_TEMPLATES } from '../../test/support/chat-templates.js';
import { scriptedChat } from '../../test/support/scripted-chat.js';
import { fixtureJson, NOW, SMOLLM_ABSENT, SMOLLM_GGUF } from '../../test/support/text-fixtures.js';
import type { Model } from '../engine/index.js';
import { EMBEDDED_MODEL, loadModel } from '../load.js';
import { type ChatFormat, chatFormat, layoutDialogue, tokenizerFromJson } from '../text/index.js';
import { openForcedChat } from './forced-chat.js';
import { layoutAnswer } from './given-answer.js';
import { layoutPrompt, type PromptMessage } from './prompt.js';
import type { SteeringOptions } from './settings-options.js';
import type { HeadShares } from './shares.js';

const VOCAB = 512;
const WORDS = ['What of it?', 'Pull harder.', 'And now?'];
const UNTRUSTED = { trustContent: false, now: NOW };

let llama: Model;
beforeAll(async () => {
  llama = await loadFixture('llama');
});
afterAll(() => llama.dispose());

const formatOf = ({ source }: AnswerTemplate): ChatFormat =>
  chatFormat({ tokenizer: llama.tokenizer!, template: source });
const withTemplate = (template: AnswerTemplate): Model => ({
  ...llama,
  tokenizer: llama.tokenizer,
  format: formatOf(template),
});
const idOf = (token: string): number => llama.tokenizer!.encode(token, { special: true })[0]!;
const templates = Object.entries(ANSWER_TEMPLATES);

/** Runs a chat that says the same in every turn. Returns its turns, and the logits of the rows that chose their tokens. */
async function chatUnder(
  template: AnswerTemplate,
  settings: SteeringOptions,
  prefixFirst: boolean,
  answer = 'fast hold fast',
) {
  const said = [...llama.tokenizer!.encode(answer), idOf(template.end)];
  const options = { system: SYSTEM, ...settings, maxTokens: said.length, prefixFirst };
  const { turns, logits } = await scriptedChat(withTemplate(template), said, WORDS, options);
  expect(turns.map(({ ids, finish }) => ({ ids, finish }))).toEqual(
    WORDS.map(() => ({ ids: said, finish: 'stop' })),
  );
  return { turns, logits };
}

/** The largest difference between two lists of numbers. */
function farthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a).toHaveLength(b.length);
  return Array.from(a).reduce((worst, value, at) => Math.max(worst, Math.abs(value - b[at]!)), 0);
}

const ARMS: readonly (SteeringOptions & { readonly prefixFirst?: boolean })[] = [
  { policy: 'off' },
  { policy: 'split-softmax', schedule: { kind: 'per-turn', from: 1, to: 0.2, step: 0.4 } },
  { policy: 'split-softmax', schedule: { kind: 'per-token', from: 1, to: 0.2, rate: 0.3 } },
  { policy: 'split-softmax', schedule: { kind: 'target', share: 0.7 }, prefixFirst: true },
  { policy: 'boost', strength: 4, target: { kind: 'prefix' } },
  { policy: 'sustain' },
  { policy: 'off', guidance: 3 },
  { policy: 'split-softmax', schedule: { kind: 'target', share: 0.7 }, guidance: 1.5 },
];

/**
 * The arms that a template is tested with: all for one of each kind, since what the system message does and what stands
 * in front of an answer are laid out apart from the settings; for the others, one that only follows the turn, and one that
 * follows shares and has guidance's second prompt.
 */
const armsFor = (name: string): readonly (typeof ARMS)[number][] =>
  /Qwen3|Mistral/.test(name) ? ARMS : [ARMS[1]!, ARMS.at(-1)!];

describe.each(templates)('a given answer, with a template that writes %s before it', (name, template) => {
  it.each(armsFor(name))(
    'has the logits, shares and receipts of a chat that generates it, with %o',
    async (arm) => {
      const { prefixFirst = false, ...settings } = arm;
      const { turns, logits } = await chatUnder(template, settings, prefixFirst);
      const forced = openForcedChat(withTemplate(template), { system: SYSTEM, ...settings, prefixFirst });
      for (const [index, { user, assistant, ids, shares, receipt }] of turns.entries()) {
        const turn = await forced.read(user, assistant);
        expect(turn.chosen).toEqual(ids);
        for (const [row, scores] of logits[index]!.entries()) {
          const read = turn.logits.subarray(row * VOCAB, (row + 1) * VOCAB);
          expect(farthest(scores, read), `turn ${index + 1}, row ${row}`).toBeLessThan(1e-3);
        }
        const apart = (part: keyof HeadShares): number =>
          farthest(shares!.heads[part], turn.target!.heads[part]);
        expect(apart('before')).toBeLessThan(1e-5);
        expect(apart('after')).toBeLessThan(1e-5);
        const { meanBefore, meanAfter, ...counts } = turn.receipt!;
        expect(receipt).toMatchObject(counts);
        expect(farthest(receipt!.meanBefore.map(Number), meanBefore.map(Number))).toBeLessThan(1e-5);
        expect(farthest(receipt!.meanAfter.map(Number), meanAfter.map(Number))).toBeLessThan(1e-5);
      }
      forced.dispose();
    },
  );

  it('follows the prompt of a chat directly', () => {
    const messages: PromptMessage[] = [
      { role: 'system', content: SYSTEM },
      { role: 'user', content: WORDS[0]! },
      { role: 'assistant', content: 'hold' },
      { role: 'user', content: WORDS[1]! },
    ];
    const format = formatOf(template);
    const { prompt, ids, chosen } = layoutAnswer(format, messages, 'fast', UNTRUSTED);
    expect(prompt).toEqual(layoutPrompt(format, messages, UNTRUSTED));
    expect(ids).toEqual(llama.tokenizer!.encode('fast'));
    expect(chosen).toEqual([...ids, idOf(template.end)]);
  });
});

describe('an answer with thoughts', () => {
  it('is read with them, and the next prompt is the one that a chat has after it', async () => {
    const source = Object.entries(FAMILY_TEMPLATES).find(([name]) => name.endsWith('(Qwen3)'))![1].source;
    const template: AnswerTemplate = { source, end: '<|im_end|>' };
    const answer = '<think>\nhold\n</think>\n\nfast';
    const settings: SteeringOptions = { policy: 'split-softmax', strength: 0.5, guidance: 2 };
    const { turns, logits } = await chatUnder(template, settings, false, answer);
    const forced = openForcedChat(withTemplate(template), { system: SYSTEM, ...settings });
    for (const [index, { user, assistant, ids }] of turns.entries()) {
      expect(assistant).toBe(answer);
      const turn = await forced.read(user, assistant);
      expect(turn.chosen).toEqual(ids);
      expect(
        farthest(
          logits[index]!.flatMap((row) => Array.from(row)),
          turn.logits,
        ),
      ).toBeLessThan(1e-3);
    }
    forced.dispose();
  });
});

describe('a template that writes nothing in front of an answer', () => {
  const startsAsRendered = async (path: string): Promise<void> => {
    const model = await loadModel(path);
    const messages: PromptMessage[] = [
      { role: 'system', content: SYSTEM },
      { role: 'user', content: WORDS[0]! },
      { role: 'assistant', content: 'Hold fast.' },
      { role: 'user', content: WORDS[1]! },
    ];
    const answer = 'The rope holds, 3 of 4 times.';
    const { prompt, chosen } = layoutAnswer(model.format!, messages, answer, UNTRUSTED);
    const written = [...messages, { role: 'assistant', content: answer }] as const;
    const { ids } = layoutDialogue(model.format!, written, { addGenerationPrompt: false, now: NOW });
    expect(ids.slice(0, prompt.ids.length + chosen.length)).toEqual([...prompt.ids, ...chosen]);
    await model.dispose();
  };

  it('has the tokens of the whole dialogue as written: the embedded model', () =>
    startsAsRendered(EMBEDDED_MODEL));

  it.skipIf(SMOLLM_ABSENT)(
    `has the tokens of the whole dialogue as written: SmolLM2 ${SMOLLM_ABSENT || ''}`,
    () => startsAsRendered(SMOLLM_GGUF),
  );
});

describe('the templates of these tests', () => {
  it('write something between a header and an answer, or move the system message', () => {
    const written = templates.map(([name, template]) => {
      const user = { role: 'user', content: 'one' } as const;
      const lay = (messages: readonly PromptMessage[], addGenerationPrompt: boolean): string =>
        layoutDialogue(formatOf(template), messages, { addGenerationPrompt, now: NOW }).text;
      const text = lay([user, { role: 'assistant', content: 'two' }], false);
      const prompt = lay([user], true);
      return [name, text.startsWith(prompt) ? text.slice(prompt.length, text.indexOf('two')) : null];
    });
    expect(Object.fromEntries(written)).toEqual({
      nothing: '',
      'an empty think block, before the last answer only (Qwen3)': '<think>\n\n</think>\n\n',
      'an empty think block (Kimi)': '<think></think>',
      'a space (DeepSeek)': ' ',
      'a line break (GLM, Zephyr)': '\n',
      'a recipient (Functionary)': 'all\n',
      'less than the generation prompt, which opens a think block (DeepSeek-R1)': null,
      'nothing, with the system message in the last user turn': '',
      'a space, with the system message in the last user turn (Mistral)': ' ',
    });
  });
});

describe('the tokens of a given answer', () => {
  const idsOf = (template: AnswerTemplate, answer: string): readonly number[] =>
    layoutAnswer(formatOf(template), [{ role: 'user', content: 'one' }], answer, UNTRUSTED).ids;

  it.each(templates)('decode to it, blanks and line breaks at its ends included: %s', (_, template) => {
    for (const answer of ['fast', ' fast', '\nfast', 'fast \n', '', '  ', '<|im_end|>fast']) {
      const ids = idsOf(template, answer);
      expect(llama.tokenizer!.decode(ids)).toBe(answer);
      expect(ids).toEqual(llama.tokenizer!.encode(answer));
    }
  });

  it('include the word <think> as one token, which a model samples although no message may contain it', () => {
    const json = fixtureJson('llama');
    const think = { ...(json.added_tokens as object[])[0], id: VOCAB, content: '<think>', special: false };
    const tokenizer = tokenizerFromJson({
      ...json,
      added_tokens: [...(json.added_tokens as object[]), think],
    });
    for (const [name, { source }] of templates.filter(([, { source }]) => source.includes('<think>'))) {
      const format = chatFormat({ tokenizer, template: source });
      const answer = '<think>hold</think>fast';
      const { ids } = layoutAnswer(format, [{ role: 'user', content: 'one' }], answer, UNTRUSTED);
      expect(ids[0], name).toBe(VOCAB);
      expect(tokenizer.decode(ids)).toBe(answer);
    }
  });

  it("begin with SentencePiece's own space only where the dialogue has it", () => {
    const json = fixtureJson('mistral');
    const { decoders } = json.decoder as { decoders: object[] };
    const tokenizer = tokenizerFromJson({
      ...json,
      normalizer: {
        type: 'Sequence',
        normalizers: [{ type: 'Prepend', prepend: '\u2581' }, json.normalizer],
      },
      decoder: {
        type: 'Sequence',
        decoders: [...decoders, { type: 'Strip', content: ' ', start: 1, stop: 0 }],
      },
    });
    const begin = (header: string): string => {
      const template = `{% for m in messages %}{% if m.role == 'user' %}{{ '[INST]' + m.content + '${header}' }}{% else %}{{ m.content + '</s>' }}{% endif %}{% endfor %}`;
      const format = chatFormat({ tokenizer, template });
      const { ids } = layoutAnswer(format, [{ role: 'user', content: 'one' }], 'fast', UNTRUSTED);
      expect(tokenizer.decode(ids)).toBe('fast');
      return new TextDecoder().decode(tokenizer.tokenBytes(ids[0]!));
    };
    expect(begin('[/INST]')).toBe(' '); // a text of its own, after a control token
    expect(begin('[/INST]\\n')).not.toBe(' '); // in the middle of a text
  });
});

describe('the token that ends a given answer', () => {
  const chosenWith = (tail: string): readonly number[] => {
    const template = `{% for m in messages %}{{ '<|im_start|>' + m.content }}{% if m.role == 'assistant' %}{{ '${tail}' }}{% endif %}{% endfor %}`;
    const format = chatFormat({ tokenizer: llama.tokenizer!, template });
    return layoutAnswer(format, [{ role: 'user', content: 'one' }], 'fast', UNTRUSTED).chosen;
  };

  it('is the first end-of-turn token after it; a template without one leaves only the answer', () => {
    const fast = llama.tokenizer!.encode('fast');
    expect(chosenWith('<|im_end|>')).toEqual([...fast, idOf('<|im_end|>')]);
    expect(chosenWith(' <|endoftext|><|im_end|>')).toEqual([...fast, idOf('<|endoftext|>')]); // Llama 2 writes the space
    expect(chosenWith('\\n')).toEqual(fast);
  });
});
