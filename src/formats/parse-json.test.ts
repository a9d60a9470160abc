import { expect, it } from 'vitest';
import { parseJson } from './parse-json.js';

const parse = (text: string, firstLine?: number): unknown =>
  parseJson(text, (why) => new Error(why), firstLine);

it('says what is wrong and where, counting lines from the first', () => {
  expect(() => parse('{"a": 1,\n"b" 2}')).toThrow('expected :, found "2" at line 2, column 5');
  expect(() => parse('{"a": 1,\n"b" 2}', 10)).toThrow('expected :, found "2" at line 11, column 5');
  expect(() => parse('')).toThrow('expected a value, found the end at line 1, column 1');
});

it('refuses half of a surrogate pair, naming the field', () => {
  expect(() => parse('"\\ud800"')).toThrow(/^half of a surrogate pair$/);
  expect(() => parse('[{"content": "\\uDC00"}]')).toThrow('half of a surrogate pair in 0.content');
  expect(() => parse('{"a": "\\ud800\\ud800\\udc00"}')).toThrow('half of a surrogate pair in a');
});

it('accepts whole pairs, and a backslash before letters that look like an escape', () => {
  expect(parse('"\\ud83d\\ude00"')).toBe('😀');
  expect(parse('"\\\\ud800"')).toBe('\\ud800');
});
