/** Returns a generator of numbers in [0, 1) (mulberry32). */
function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const WORDS = [
  ...[
    "don't",
    "WE'LL",
    'it’s',
    "'ſ",
    "'ſx",
    "I'M",
    "o'clock's",
    'x'.repeat(70),
    'Donaudampfschifffahrtsgesellschaft',
  ],
  ...[
    'the',
    ' work',
    'of',
    ' the',
    'River',
    ' naïve',
    'café',
    'e\u0301',
    'n\u0303a',
    'İstanbul',
    'ΣΑΣ',
    'ﬁn',
    'ǆ',
    'K',
    'Å',
  ],
  ...[
    '日本語',
    '漢字かな',
    '한국어',
    '각',
    '각',
    'עברית',
    'العربية',
    '١٢٣',
    'हिन्दी',
    'ไทย',
    'မြန်မာ',
    'አማርኛ',
    'Ünïcödé',
    '𝔘𝔫𝔦',
    '𐍈',
    'ⅷ',
    '²½',
    '٣٤',
  ],
  ...[
    '👩‍👩‍👧',
    '🏳️‍🌈',
    '👍🏽',
    '🇩🇪',
    '🦜',
    '☃',
    '️',
    '\u200d',
    '\u200c',
    '\u200b',
    '\u2060',
    '\ufeff',
    '\ufffd',
    '\ue000',
    '\u{10ffff}',
  ],
];
const BLANKS = [
  ' ',
  '  ',
  '   ',
  '\t',
  '\t\t',
  '\n',
  '\n\n',
  '\n\n\n',
  '\r\n',
  '\r',
  ' \n',
  '\n ',
  '\u00a0',
  '\u0085',
  '\u2028',
  '\u3000',
  '\u001c',
  '\u000b',
  '\u000c',
  ' '.repeat(17),
];
const CONTROLS = ['\0', '\u0001', '\u0007', '\u0008', '\u001b', '\u007f', '\u0080', '\u009f', '\u00ad'];
const CODE = [
  'for (let i=0;i<10;i++){',
  '\n    return x**2 // y\n',
  '<div class="a">&nbsp;</div>',
  '{"a": [1, 2.5e-3]}',
  '/usr/bin',
  '__proto__',
  'constructor',
  'a_b',
  'https://x.yz/?q=1#2',
  '$1 $&',
  '\\n',
  '^a|b*(c)+?',
];
const LOOKALIKES = [
  '<|im_start|>',
  '<|im_end',
  '|im_end|>',
  '</s>',
  '<s>',
  '<eos>',
  '<unk>',
  '[INST]',
  '<start_of_turn>user',
  '<|eot_id|>',
  '<0x0A>',
  '<0xE2>',
  '<0xe2>',
  '<0xGG>',
  '▁',
  '▁▁',
  '▁a',
  'Ġ',
  'Ġa',
  'Ċ',
  'é',
  'Ã©',
  '##a',
  '</w>',
];
const NUMBERS = [
  '0',
  '7',
  '42',
  '1234',
  '1234567890',
  '3.14159',
  '-1',
  '1,000,000',
  '1e10',
  '0x1F',
  '٣',
  '²²',
  'Ⅷ1',
  '12:30',
];
const MARKS = [
  '.',
  ',',
  '!',
  '?',
  '...',
  '—',
  '–',
  '“',
  '”',
  '¿',
  ' .',
  ' ,',
  " ' ",
  " n't",
  " 's",
  ' do not',
  '!?',
  '()',
  '$',
  '+',
  '`',
  '``',
];

/** Returns seeded texts: some of every kind in {@link WORDS} and the lists below it, and every added token of a tokenizer. */
export function randomTexts({ count, seed, tokenizer }) {
  const random = randomNumbers(seed);
  const below = (limit) => Math.floor(random() * limit);
  const pick = (list) => list[below(list.length)];
  const anyCharacter = () => {
    const point = below(pick([0x100, 0x800, 0x3000, 0x10000, 0x20000, 0x110000]));
    return point >= 0xd800 && point < 0xe000 ? '?' : String.fromCodePoint(point);
  };
  const kinds = [WORDS, WORDS, WORDS, BLANKS, BLANKS, CONTROLS, CODE, LOOKALIKES, NUMBERS, MARKS];
  const piece = () => {
    const kind = below(kinds.length + 2);
    if (kind < kinds.length) return pick(kinds[kind]);
    if (kind === kinds.length || tokenizer.addedTokens.length === 0) return anyCharacter();
    return pick(tokenizer.addedTokens).content;
  };
  const texts = ['', ...WORDS, ...BLANKS, ...CONTROLS, ...CODE, ...LOOKALIKES, ...NUMBERS, ...MARKS].slice(
    0,
    count,
  );
  while (texts.length < count)
    texts.push(Array.from({ length: 1 + below(12) }, piece).join(pick(['', '', ' '])));
  // Every added token: alone, between letters, and between what its flags look at.
  for (let at = 0; at < tokenizer.addedTokens.length; at += 8) {
    const contents = tokenizer.addedTokens.slice(at, at + 8).map(({ content }) => content);
    texts.push(
      contents.join(''),
      contents.map((content) => `x${content}y`).join(' '),
      ` ${contents.join('  \n')} `,
    );
  }
  return texts;
}

/** Returns seeded sequences of ids, most of which no text encodes to. */
export function randomSequences({ count, seed, tokenizer, texts }) {
  const random = randomNumbers(seed + 1);
  const below = (limit) => Math.floor(random() * limit);
  const pick = (list) => list[below(list.length)];
  const ids = Array.from({ length: tokenizer.vocabSize }, (_, id) => id).filter((id) => {
    try {
      return tokenizer.tokenBytes(id) !== null;
    } catch {
      return false; // no token has this id
    }
  });
  const partial = ids.filter((id) => new TextDecoder().decode(tokenizer.tokenBytes(id)).includes('\ufffd'));
  const added = tokenizer.addedTokens.map(({ id }) => id);
  const sources = [ids, ids, partial, partial, added].filter((source) => source.length > 0);
  return Array.from({ length: count }, (_, index) => {
    if (index % 4 > 0) return Array.from({ length: below(16) }, () => pick(pick(sources)));
    const cut = tokenizer.encode(pick(texts), { special: true });
    return cut
      .slice(below(cut.length + 1))
      .flatMap((id) => (below(6) === 0 ? [pick(pick(sources)), id] : [id]));
  });
}
