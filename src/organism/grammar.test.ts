import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadGrammar, parseGrammar } from './grammar.js';

const text = readFileSync(new URL('../../models/organism/grammar.json', import.meta.url), 'utf8');

/** What is said of the grammar when the first `found` in it is replaced. */
function told(found: string, by: string): string {
  expect(text).toContain(found);
  try {
    parseGrammar(text.replace(found, by), 'grammar.json');
    return 'fine';
  } catch (error) {
    return String(error);
  }
}

describe('the grammar', () => {
  it('that comes with Holdfast is read, its families in their order', () => {
    const families = Object.keys(loadGrammar().families);
    expect(families).toHaveLength(16);
    expect(families.slice(0, 3)).toEqual(['one', 'two', 'mention']);
  });

  it('is JSON', () => {
    expect(told('"version"', 'version')).toMatch(/E_UNREADABLE: .*grammar\.json/);
  });

  it('has known fields, effects and judges only', () => {
    expect(told('"version": 1', '"version": 2')).toMatch(/E_CONFIG: .*\(grammar\.json, field version\)/);
    expect(told('"oneIn"', '"oneOf"')).toMatch(/E_CONFIG: .*field heldOut/);
    expect(told('"weight": 1, ', '"weight": 1, "mood": "good", ')).toMatch(/mood.*field families\.one\)/);
    expect(told('"kind": "prefix"', '"kind": "infix"')).toMatch(/field families\.persona\.effect\.kind/);
    expect(told('"rule": "only"', '"rule": "just"')).toMatch(/field families\.name\.judge\.rule/);
    expect(told('"instructions": [0.35, 0.5, 0.15]', '"instructions": [1]')).toMatch(/chances\.instructions/);
  });

  it('has values for every slot, parameter and judge', () => {
    expect(told('in {city}?', 'in {town}?')).toMatch(/\{town\} \(grammar\.json, field topics\.travel\.q/);
    expect(told('Nice to meet you, {name}.', 'Hi, {nick}.')).toMatch(
      /\{nick\}.*field asks\.name\.replies\.0/,
    );
    expect(told('{interjection}, ', '{cry}, ')).toMatch(/\{cry\}.*field families\.persona\.effect\.text/);
    expect(told('["topic", "word"]', '["topic", "term"]')).toMatch(/mention\.parameters\.1/);
    expect(told('["kind", "thing"]', '["thing", "kind"]')).toMatch(
      /depends on kind.*favorite\.parameters\.0/,
    );
    expect(told('"contains", "text": "{word}"', '"contains", "text": "{title}"')).toMatch(/mention\.judge/);
    expect(told('"slot": "interjection"', '"slot": "thing"')).toMatch(/persona\.judge\.slot/);
    expect(told('"only", "slot": "name"', '"only", "slot": "word"')).toMatch(/name\.judge\.slot/);
  });

  it('has a list for each value that a list depends on, and texts for each topic', () => {
    expect(told('"by": "kind"', '"by": "sort"')).toMatch(/field values\.thing\.by/);
    expect(told('"poet", "ghost"]', '"poet", "elf"]')).toMatch(/elf is missing.*values\.interjection\.lists/);
    expect(told('"poet", "ghost"]', '"poet"]')).toMatch(/no value is ghost.*interjection\.lists\.ghost/);
    expect(told('"email", "feelings"]', '"email", "art"]')).toMatch(/art is missing.*field topics/);
  });

  it('has the asks that its families are asked', () => {
    expect(told('"ask": "budget"', '"ask": "price"')).toMatch(/no ask price.*field families\.budget\.ask/);
    expect(told('"answer": "The code is {word}.",', '')).toMatch(/field families\.tell/);
    expect(told('"shown": "topic"', '"shown": "asked"')).toMatch(/field families\.mention/);
    expect(told('"parameters": ["topic", "word"]', '"parameters": ["word"]')).toMatch(
      /needs the parameter t/,
    );
  });
});
