import { describe, expect, it } from 'vitest';
import { wholeTexts } from './token-texts.js';

describe('the texts of tokens that are parts of characters', () => {
  it.each<[string, readonly string[], string | null, readonly string[]]>([
    ['in the middle', ['a', '�', '�', '�', ' b'], 'a谢 b', ['a', '谢', '', '', ' b']],
    ['at the end', ['a', ' �', '�', '�'], 'a 😀', ['a', ' 😀', '', '']],
    ['twice', ['�', '�', 'x', '�', '�', 'y'], 'éxüy', ['é', '', 'x', 'ü', '', 'y']],
    ['nowhere', ['a', 'b'], 'ab', ['a', 'b']],
    ['as written', ['a', '�', 'b'], 'a�b', ['a', '�', 'b']],
  ])('%s', (_, tokens, text, expected) => {
    expect(wholeTexts(tokens, text)).toEqual(expected);
  });

  it.each<[string, readonly string[], string | null]>([
    ['without the text', ['�', 'b'], null],
    ['of another text', ['a', '�', 'b'], 'xyz'],
    ['where the text ends too early', ['�', 'b', 'c'], 'é'],
  ])('are left as they are %s', (_, tokens, text) => {
    expect(wholeTexts(tokens, text)).toEqual(tokens);
  });
});
