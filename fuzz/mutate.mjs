import { mutateJson } from './mutate-json.mjs';

/** Numbers at which readers overflow, wrap around, or ask for all memory. */
const NUMBERS = [
  ...[0n, 1n, 2n, 7n, 16n, 31n, 32n, 64n, 127n, 128n, 255n, 256n, 1000n, 4096n, 32767n, 65535n, 65536n],
  ...[2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n, 2n ** 60n, 2n ** 63n, 2n ** 64n - 1n],
];

const concat = (...parts) => new Uint8Array(Buffer.concat(parts));
const encode = (text) => Buffer.from(text, 'utf8');

/** What any input can be changed by: `(bytes, random, { dictionary, other }) => bytes`. */
const BYTE_CHANGES = [
  function flip(bytes, random) {
    const changed = bytes.slice();
    if (changed.length > 0) changed[random.below(changed.length)] ^= 1 << random.below(8);
    return changed;
  },
  function setByte(bytes, random) {
    const changed = bytes.slice();
    if (changed.length > 0) changed[random.below(changed.length)] = random.below(256);
    return changed;
  },
  function setInteger(bytes, random) {
    const size = random.pick([1, 2, 4, 8]);
    if (bytes.length < size) return bytes;
    const changed = bytes.slice();
    const at = random.below(changed.length - size + 1);
    const number = random.chance(0.5) ? random.pick(NUMBERS) : BigInt(random.below(300));
    for (let i = 0; i < size; i++) changed[at + i] = Number((number >> BigInt(8 * i)) & 255n);
    return changed;
  },
  function remove(bytes, random) {
    const from = random.below(bytes.length + 1);
    return concat(bytes.subarray(0, from), bytes.subarray(from + random.few(64)));
  },
  function cut(bytes, random) {
    return bytes.slice(0, random.below(bytes.length + 1));
  },
  function insertBytes(bytes, random) {
    const inserted = Uint8Array.from({ length: random.few(16) }, () => random.below(256));
    return inserted_(bytes, inserted, random);
  },
  function repeat(bytes, random) {
    const from = random.below(bytes.length + 1);
    const piece = bytes.subarray(from, from + random.few(64));
    return inserted_(bytes, concat(...Array(random.few(64)).fill(piece)), random);
  },
  function insertWord(bytes, random, { dictionary }) {
    return inserted_(bytes, encode(random.pick(dictionary)), random);
  },
  function overwriteWord(bytes, random, { dictionary }) {
    const word = encode(random.pick(dictionary));
    const at = random.below(bytes.length + 1);
    return concat(bytes.subarray(0, at), word, bytes.subarray(at + word.length));
  },
  function splice(bytes, random, { other }) {
    const from = random.below(other.length + 1);
    return concat(
      bytes.subarray(0, random.below(bytes.length + 1)),
      other.subarray(from, random.chance(0.5) ? other.length : from + random.few(256)),
      random.chance(0.5) ? new Uint8Array(0) : bytes.subarray(random.below(bytes.length + 1)),
    );
  },
];

function inserted_(bytes, inserted, random) {
  const at = random.below(bytes.length + 1);
  return concat(bytes.subarray(0, at), inserted, bytes.subarray(at));
}

/** Changes of a text: what bytes hardly ever hit. */
const TEXT_CHANGES = [
  /** Replaces a number by another. */
  function number(text, random) {
    const numbers = [...text.matchAll(/-?\d+(?:\.\d+)?/g)];
    if (numbers.length === 0) return text;
    const { index, 0: old } = random.pick(numbers);
    const value = random.pick([
      ...[...NUMBERS.map(String), '-1', '0.5', '1e308', '1e999', '-0', 'NaN', '10000000000000'],
      String(Number(old) + random.pick([-1, 1])),
    ]);
    return text.slice(0, index) + value + text.slice(index + old.length);
  },
  /** Replaces a word by one of the dictionary or of the text itself. */
  function word(text, random, { dictionary }) {
    const words = [...text.matchAll(/[\w.-]+/g)];
    if (words.length === 0) return text;
    const { index, 0: old } = random.pick(words);
    const value = random.chance(0.5) ? random.pick(dictionary) : random.pick(words)[0];
    return text.slice(0, index) + value + text.slice(index + old.length);
  },
  /** Repeats, drops, swaps or indents a line. */
  function line(text, random) {
    const lines = text.split('\n');
    const [at, other] = [random.below(lines.length), random.below(lines.length)];
    const kind = random.below(5);
    if (kind === 0) lines.splice(at, 1);
    else if (kind === 1) lines.splice(other, 0, lines[at]);
    else if (kind === 2) [lines[at], lines[other]] = [lines[other], lines[at]];
    else if (kind === 3) lines[at] = `  ${lines[at]}`;
    else lines[at] = lines[at].replace(/^ {1,2}/, '');
    return lines.join('\n');
  },
  /** Puts a piece between brackets many times over. */
  function nest(text, random) {
    const [open, close] = random.pick(BRACKETS);
    const depth = random.few(5000);
    const [from, to] = [random.below(text.length + 1), random.below(text.length + 1)].sort((a, b) => a - b);
    return (
      text.slice(0, from) + open.repeat(depth) + text.slice(from, to) + close.repeat(depth) + text.slice(to)
    );
  },
  /** Moves a piece that stands between brackets, tags or quotes to another place. */
  function piece(text, random) {
    const pieces = [
      ...text.matchAll(/\{%.*?%\}|\{\{.*?\}\}|\[[^[\]]*\]|\([^()]*\)|\{[^{}]*\}|"[^"]*"|'[^']*'/gs),
    ];
    if (pieces.length === 0) return text;
    const [from, to] = [random.pick(pieces), random.pick(pieces)];
    return text.slice(0, to.index) + from[0] + text.slice(to.index + (random.chance(0.5) ? to[0].length : 0));
  },
  function oddCharacters(text, random) {
    const at = random.below(text.length + 1);
    return text.slice(0, at) + random.pick(ODD) + text.slice(at);
  },
];

const BRACKETS = [
  ...[
    ['[', ']'],
    ['{', '}'],
    ['(', ')'],
    ['- ', ''],
    ['{"a":', '}'],
    ['not ', ''],
    ['-', ''],
    ['x.', ''],
  ],
  ...[
    ['{% if x %}', '{% endif %}'],
    ['{% for x in y %}', '{% endfor %}'],
    ['1 + (', ')'],
    ['"', '"'],
  ],
];
const ODD = [
  '\0',
  '\ufeff',
  '\u2028',
  'é',
  'e\u0301',
  '😀',
  '\u202e',
  '\r',
  '\t',
  '\\',
  '\ufffd',
  'ß',
  'İ',
  '\u{10ffff}',
];

/**
 * Returns a changed copy of an input.
 * @param kind `json`, `text` or `bytes`: how far the changes may know the format
 * @param context `dictionary`, the words of the format, and `other`, another input
 */
export function mutate(input, kind, random, context) {
  let bytes = input;
  for (let left = random.few(8); left > 0; left--) {
    const draw = random.below(10);
    if (kind === 'json' && draw < 6) bytes = mutateJson(bytes, random, context);
    else if (kind !== 'bytes' && draw < 8) {
      const text = Buffer.from(bytes).toString('utf8');
      bytes = new Uint8Array(encode(random.pick(TEXT_CHANGES)(text, random, context)));
    } else bytes = random.pick(BYTE_CHANGES)(bytes, random, context);
  }
  return bytes;
}
