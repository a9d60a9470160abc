import { TemplateError } from './errors.js';
import { isSpace, SPACE_CHARACTERS } from './space.js';
import { unescaped } from './string-literal.js';

/** A token of a template. `data` is text between tags; the value of an `end` token is empty. */
export interface Token {
  readonly type: 'data' | 'begin' | 'end' | 'name' | 'string' | 'integer' | 'float' | 'operator' | 'eof';
  /** `begin` and `end`: the tag, `{{`, `{%`, `}}` or `%}`. `string`: the text, unescaped. */
  readonly value: string;
  readonly line: number;
}

const SPACE = `[${SPACE_CHARACTERS}]`;

const TAG_START = new RegExp(
  `\\{%([-+]?)${SPACE}*raw${SPACE}*(?:-%\\}${SPACE}*|%\\})|(\\{\\{|\\{%|\\{#)([-+]?)`,
  'g',
);
const COMMENT_END = new RegExp(`\\+#\\}|-#\\}${SPACE}*|#\\}\\n?`, 'g');
const RAW_END = new RegExp(`\\{%([-+]?)${SPACE}*endraw${SPACE}*(?:\\+%\\}|-%\\}${SPACE}*|%\\}\\n?)`, 'g');
const BLOCK_END = new RegExp(`\\+%\\}|-%\\}${SPACE}*|%\\}\\n?`, 'y');
const VARIABLE_END = new RegExp(`-\\}\\}${SPACE}*|\\}\\}`, 'y');
const ONLY_SPACE = new RegExp(`^${SPACE}+$`);

const DIGITS = '(?:[0-9]+_)*[0-9]+';
/** The tokens inside tags, in the order in which they are tried. */
const TAG_TOKENS: readonly (readonly [Token['type'] | 'space', RegExp])[] = [
  ['space', new RegExp(`${SPACE}+`, 'y')],
  ['float', new RegExp(`(?<!\\.)${DIGITS}(?:(?:\\.${DIGITS})?e[+-]?${DIGITS}|\\.${DIGITS})`, 'iy')],
  ['integer', /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?[0-9])*|0(?:_?0)*/iy],
  ['name', /[\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}\u00b7]+/uy],
  ['string', /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/sy],
  ['operator', /\/\/|\*\*|==|!=|>=|<=|[-+/*%~[\](){}><=.:|,;]/y],
];
const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/**
 * Cuts a template into tokens, with the settings of transformers: blocks are trimmed (`trim_blocks`, `lstrip_blocks`)
 * and one line break at the end of the template is dropped.
 * @throws TemplateError `syntax`
 */
export function tokenize(template: string): Token[] {
  const source = template.replace(/\r\n?/g, '\n').replace(/\n$/, '');
  const tokens: Token[] = [];
  let at = 0;
  let line = 1;
  let isLineStart = true;

  const addData = (text: string, sign: string, isBlock: boolean): void => {
    let kept = text;
    if (sign === '-') kept = withoutTrailingSpace(text);
    else if (sign !== '+' && isBlock) {
      const lastLine = text.lastIndexOf('\n') + 1;
      if ((lastLine > 0 || isLineStart) && ONLY_SPACE.test(text.slice(lastLine)))
        kept = text.slice(0, lastLine);
    }
    if (kept !== '') tokens.push({ type: 'data', value: kept, line });
    line += linesIn(text);
  };
  /** Moves on behind a match, and counts its lines. */
  const pass = (match: string, end: number): void => {
    line += linesIn(match);
    isLineStart = match.endsWith('\n');
    at = end;
  };

  while (at < source.length) {
    const start = search(TAG_START, source, at);
    if (start === null) {
      tokens.push({ type: 'data', value: source.slice(at), line });
      break;
    }
    const [whole, rawSign, tag, sign] = start;
    addData(source.slice(at, start.index), rawSign ?? sign ?? '', tag !== '{{');
    pass(whole, start.index + whole.length);
    if (tag === undefined) {
      const end = search(RAW_END, source, at);
      if (end === null) throw new TemplateError('syntax', 'the raw block has no end', line);
      addData(source.slice(at, end.index), end[1] ?? '', true);
      pass(end[0], end.index + end[0].length);
    } else if (tag === '{#') {
      const end = search(COMMENT_END, source, at);
      if (end === null) throw new TemplateError('syntax', 'the comment has no end', line);
      line += linesIn(source.slice(at, end.index));
      pass(end[0], end.index + end[0].length);
    } else {
      tokens.push({ type: 'begin', value: tag, line });
      const end = tokenizeTag(source, at, line, tag === '{%' ? BLOCK_END : VARIABLE_END, tokens);
      if (end === null) {
        at = source.length;
        break;
      }
      line = end.line;
      isLineStart = end.isLineStart;
      at = end.at;
    }
  }
  tokens.push({ type: 'eof', value: '', line: tokens.at(-1)?.line ?? 1 });
  return tokens;
}

/** Adds the tokens of one tag. Returns the position after it; null if the template ends inside it. */
function tokenizeTag(
  source: string,
  from: number,
  fromLine: number,
  endOfTag: RegExp,
  tokens: Token[],
): { readonly at: number; readonly line: number; readonly isLineStart: boolean } | null {
  const open: string[] = [];
  let at = from;
  let line = fromLine;
  while (at < source.length) {
    if (open.length === 0) {
      const end = matchAt(endOfTag, source, at);
      if (end !== null) {
        tokens.push({ type: 'end', value: endOfTag === BLOCK_END ? '%}' : '}}', line });
        return { at: at + end.length, line: line + linesIn(end), isLineStart: end.endsWith('\n') };
      }
    }
    const [type, text] = nextInTag(source, at, line);
    if (type === 'operator') {
      const closing = CLOSING[text];
      if (closing !== undefined) open.push(closing);
      else if (')]}'.includes(text) && open.pop() !== text) {
        throw new TemplateError('syntax', `unexpected "${text}"`, line);
      }
    }
    if (type === 'string') tokens.push({ type, value: unescaped(text.slice(1, -1), line), line });
    else if (type !== 'space') tokens.push({ type, value: text, line });
    line += linesIn(text);
    at += text.length;
  }
  return null;
}

function nextInTag(source: string, at: number, line: number): readonly [Token['type'] | 'space', string] {
  for (const [type, pattern] of TAG_TOKENS) {
    const text = matchAt(pattern, source, at);
    if (text === null) continue;
    if (type === 'name' && !/^[\p{ID_Start}_]/u.test(text)) {
      throw new TemplateError('syntax', `invalid character in the name "${text}"`, line);
    }
    return [type, text];
  }
  throw new TemplateError(
    'syntax',
    `unexpected character "${String.fromCodePoint(source.codePointAt(at)!)}"`,
    line,
  );
}

function matchAt(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
}

function search(pattern: RegExp, text: string, from: number): RegExpExecArray | null {
  pattern.lastIndex = from;
  return pattern.exec(text);
}

/** A pattern would take quadratic time on long runs of blanks. */
function withoutTrailingSpace(text: string): string {
  let end = text.length;
  while (end > 0 && isSpace(text[end - 1]!)) end--;
  return text.slice(0, end);
}

const linesIn = (text: string): number => text.split('\n').length - 1;
