import { describe, expect, it } from 'vitest';
import { NOW } from '../../test/support/text-fixtures.js';
import { type AddedToken, createSplitter } from './added-tokens.js';
import { chatFormat } from './chat-format.js';
import { layoutDialogue } from './layout.js';
import { type Tokenizer, tokenizerFromJson } from './tokenizer.js';

const token = (content: string, flags: Partial<AddedToken> = {}): AddedToken => ({
  id: 0,
  content,
  special: true,
  normalized: false,
  lstrip: false,
  rstrip: false,
  singleWord: false,
  ...flags,
});
const cut = (
  text: string,
  tokens: AddedToken[],
  admits: (t: AddedToken, start: number) => boolean = () => true,
) =>
  createSplitter(tokens)(text, admits).map(({ start, end, token }) =>
    token === null ? text.slice(start, end) : `[${text.slice(start, end)}]`,
  );

describe('text is split at added tokens', () => {
  it('leftmost first, the longest at one position', () => {
    expect(cut('a<b><b>>c', [token('<b>'), token('<b>>')])).toEqual(['a', '[<b>]', '[<b>>]', 'c']);
    expect(cut('', [token('x')])).toEqual([]);
  });

  it('with the whitespace that a token swallows', () => {
    expect(cut('a \n<b> c', [token('<b>', { lstrip: true })])).toEqual(['a', '[ \n<b>]', ' c']);
    expect(cut('a <b> \n<b>c', [token('<b>', { rstrip: true })])).toEqual(['a ', '[<b> \n]', '[<b>]', 'c']);
  });

  it('only at whole words if the token is a single word', () => {
    expect(cut('cat concat cat_ cat', [token('cat', { singleWord: true })])).toEqual([
      '[cat]',
      ' concat cat_ ',
      '[cat]',
    ]);
  });

  it('finding no token inside a single word that touches another word', () => {
    const tokens = [token('<cat>', { singleWord: true }), token('<cat'), token('>')];
    expect(cut('a<cat>a <cat> <cat>', tokens)).toEqual(['a<cat>a ', '[<cat>]', ' ', '[<cat>]']);
  });

  it('only at whole words: digits and joiners are word characters, superscripts are not', () => {
    const cat = token('cat', { singleWord: true });
    expect(cut('cat1', [cat])).toEqual(['cat1']);
    expect(cut('cat\u200d', [cat])).toEqual(['cat\u200d']);
    expect(cut('cat²', [cat])).toEqual(['[cat]', '²']);
  });

  it('finding a token of blanks behind one that swallows them', () => {
    const blanks = token('  ', { special: false });
    const swallows = token('<b>', { rstrip: true });
    expect(cut('a<b>  c', [swallows, blanks])).toEqual(['a', '[<b>  ]', '[  ]', 'c']);
    expect(cut('a<b>  \nc', [swallows, blanks])).toEqual(['a', '[<b>  \n]', '[  ]', '\nc']);
    expect(cut('a<b>  c', [swallows, { ...blanks, lstrip: true }])).toEqual(['a', '[<b>  ]', 'c']);
  });

  it('ignoring a token that is not admitted, but not a token that begins inside it', () => {
    const tokens = [token('<<a>'), token('<a>', { special: false }), token('<<', { special: false })];
    expect(cut('<<a>', tokens, (t) => !t.special)).toEqual(['[<<]', 'a>']);
    expect(cut('<<a>', tokens.slice(0, 2), (t) => !t.special)).toEqual(['<', '[<a>]']);
  });
});

/** Added tokens of every kind, over single characters. */
function tokenizerWith(addedTokens: object[], normalizer: object | null = null): Tokenizer {
  const characters = [...'abcdefghijklmnopqrstuvwxyz<>|/.ĊĠ'];
  const vocabulary = [
    ...characters,
    ...Array.from({ length: 100 - characters.length }, (_, i) => `unused${i}`),
  ];
  return tokenizerFromJson({
    added_tokens: addedTokens.map((added, i) => ({ id: 100 + i, ...added })),
    normalizer,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
    decoder: { type: 'ByteLevel' },
    model: { type: 'BPE', vocab: Object.fromEntries(vocabulary.map((token, i) => [token, i])), merges: [] },
  });
}

describe('added tokens in the words of a message', () => {
  const layout = (tokenizer: Tokenizer, template: string, content: string) =>
    layoutDialogue(chatFormat({ tokenizer, template }), [{ role: 'user', content }], {
      addGenerationPrompt: false,
      now: NOW,
    });
  const template = '<|u|>{% for m in messages %}{{ m.content }}{% endfor %}<|e|>';
  const added = (ids: readonly number[]): number[] => ids.filter((id) => id >= 100);

  it('are guarded when they are special, wherever the border is', () => {
    const tokenizer = tokenizerWith([
      { content: '<|u|>', special: true },
      { content: '<|e|>', special: true },
      { content: '<|u|>x', special: true },
      { content: 'y<|e|>', special: true },
    ]);
    for (const content of ['<|u|>', '<|e|><|e|>', 'xy', '<|e', '|u|>', 'x<|u|>y']) {
      expect(added(layout(tokenizer, template, content).ids), content).toEqual([100, 101]);
    }
  });

  it('are guarded when they are ordinary but the template writes them', () => {
    const tokenizer = tokenizerWith([{ content: '<|u|>' }, { content: '<|e|>' }, { content: '<b>' }]);
    expect(added(layout(tokenizer, template, 'a<|u|><b><|e|>').ids)).toEqual([100, 102, 101]);
  });

  it('are guarded when they are matched in normalised text', () => {
    const tokenizer = tokenizerWith(
      [
        { content: '<|u|>', special: true, normalized: true },
        { content: '<|e|>', special: true },
      ],
      { type: 'Lowercase' },
    );
    expect(added(layout(tokenizer, template, 'A<|U|>b').ids)).toEqual([100, 101]);
    expect(added(tokenizer.encode('A<|U|>b', { special: true }))).toEqual([100]);
  });

  it('stay text when they are whitespace, as in transformers, also across the border', () => {
    const tokenizer = tokenizerWith([
      { content: '<|u|>', special: true },
      { content: '<|e|>', special: true },
      { content: '\n\n' },
    ]);
    const { ids, spans, text } = layout(
      tokenizer,
      `<|u|>{{ '\\n' }}{% for m in messages %}{{ m.content }}{% endfor %}<|e|>`,
      '\na\n\nb',
    );
    expect(ids).toEqual(tokenizer.encode(text, { special: true }));
    expect(added(ids)).toEqual([100, 102, 102, 101]);
    // The first pair is a line break of the template and one of the message; the token belongs to the message.
    expect(spans.map(({ role, start, end }) => [role, start, end])).toEqual([
      ['sink', 0, 1],
      ['user', 1, 5],
      ['template', 5, 6],
    ]);
  });

  it('may swallow the whitespace that a message begins with, as in transformers', () => {
    const tokenizer = tokenizerWith([
      { content: '<|u|>', special: true, rstrip: true },
      { content: '<|e|>', special: true, lstrip: true },
    ]);
    const { ids, messages } = layout(tokenizer, `a${template}`, '\n b \n');
    expect(ids).toEqual([0, 100, 1, 101]);
    expect(messages[0]!.places[0]!.content).toEqual([{ start: 2, end: 3 }]);
  });
});
