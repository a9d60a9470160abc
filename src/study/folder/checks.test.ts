import { describe, expect, it } from 'vitest';
import {
  hasFields,
  isBoolean,
  isInteger,
  isListOf,
  isNumber,
  isOfKind,
  isOneOf,
  isText,
  isWithin,
  orMissing,
  orNothing,
  orNull,
} from './checks.js';

describe('a check of JSON', () => {
  it.each([
    [isText, '', null],
    [isText, 3, 'expected a text, not 3'],
    [isBoolean, 'true', 'expected true or false, not "true"'],
    [isNumber, JSON.parse('1e999'), 'expected a number, not Infinity'],
    [isWithin(0, 1), 1, null],
    [isWithin(0, 1), -0.1, 'expected a number from 0 to 1, not -0.1'],
    [isInteger(0), 2 ** 31 - 1, null],
    [isInteger(0), -1, 'expected an integer from 0 to 2147483647, not -1'],
    [isInteger(), 0.5, 'expected an integer from -2147483648 to 2147483647, not 0.5'],
    [isOneOf('kl', 'choice'), 'choice', null],
    [isOneOf('kl', 'choice'), 'x'.repeat(41), 'expected kl or choice, not a text of 41 characters'],
    [isOneOf('kl', 'choice'), undefined, 'expected kl or choice, not nothing'],
    [orNull(isText), null, null],
    [orNull(isText), undefined, 'expected a text, not nothing'],
    [orMissing(isText), undefined, null],
    [orMissing(isText), null, 'expected a text, not null'],
    [orNothing(isText), undefined, null],
    [orNothing(isText), null, null],
    [isListOf(isText), [], null],
    [isListOf(isText), { 0: 'a' }, 'expected a list, not an object'],
    [isListOf(isText), ['a', true], '1: expected a text, not true'],
    [hasFields({ a: isText }), { a: '', b: 1 }, null],
    [hasFields({ a: isText }), [], 'expected an object, not a list'],
    [hasFields({ a: hasFields({ b: isText }) }), { a: { b: [] } }, 'a: b: expected a text, not a list'],
  ])('%# accepts a value, or says where it is wrong', (check, value, wrong) => {
    expect(check(value)).toBe(wrong);
  });

  it('is that of the kind of an object', () => {
    const check = isOfKind(
      new Map([
        ['one', hasFields({ a: isText })],
        ['two', hasFields({})],
      ]),
    );
    expect(check({ kind: 'two' })).toBe(null);
    expect(check({ kind: 'one' })).toBe('a: expected a text, not nothing');
    expect(check({ kind: 'toString' })).toBe('kind: expected one or two, not "toString"');
    expect(check(null)).toBe('kind: expected one or two, not nothing');
  });
});
