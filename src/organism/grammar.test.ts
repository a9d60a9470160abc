import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadGrammar, parseGrammar } from './grammar.js';

const text = readFileSync(new URL('../../models/organism/grammar.json', import.meta.url), 'utf8');

/** Returns the error for the grammar with another value at a path, or `fine`; undefined removes the value. */
function told(path: string, value: unknown): string {
  const changed: object = JSON.parse(text);
  const keys = path.split('.');
  const last = keys.pop()!;
  Object.assign(
    keys.reduce<object>((inner, key) => Reflect.get(inner, key), changed),
    { [last]: value },
  );
  try {
    parseGrammar(JSON.stringify(changed), 'grammar.json');
    return 'fine';
  } catch (error) {
    return String(error);
  }
}

/** Expects an error about the changed field. */
function expectRefused(path: string, value: unknown, why: RegExp): void {
  const said = told(path, value);
  expect(said).toMatch(why);
  expect(said).toContain('E_CONFIG: invalid grammar: ');
  expect(said).toContain(`(grammar.json, field ${path})`);
}

describe('the grammar', () => {
  it('included in Holdfast is read with its families in order', () => {
    const families = Object.keys(loadGrammar().families);
    expect(families).toHaveLength(16);
    expect(families.slice(0, 3)).toEqual(['one', 'two', 'mention']);
    expect(told('heldOut.oneIn', 5)).toBe('fine');
  });

  it('must be JSON', () => {
    expect(() => parseGrammar('{version: 1}', 'grammar.json')).toThrow(/E_UNREADABLE: .*\(grammar\.json\)/);
  });

  it('must have only known fields, effects and judges', () => {
    expectRefused('version', 2, /expected 1/);
    expectRefused('closings', [], /Too small/);
    expectRefused('chances.ask', 1.5, /Too big/);
    expectRefused('chances.instructions', [1], /Too small/);
    expect(told('families.one.mood', 'good')).toMatch(/mood.*field families\.one\)/);
    expectRefused('families.persona.effect.kind', 'infix', /Invalid/);
    expectRefused('families.name.judge.rule', 'just', /Invalid/);
  });

  it('must have values for every slot of every template', () => {
    expectRefused('topics.travel.questions.1', 'What of {town}?', /no values for \{town\}/);
    expectRefused('asks.name.replies.0', 'Hi, {nick}.', /\{nick\}/);
    expectRefused('asks.budget.unknown', 'No {sum}.', /\{sum\}/);
    expectRefused('families.end.instructions.2', 'End with {term}.', /\{term\}/);
    expectRefused('families.tell.answer', 'It is {term}.', /\{term\}/);
    expectRefused('families.persona.effect.text', '{cry}, ', /\{cry\}/);
  });

  it('must have values for every parameter, and judges that name a parameter', () => {
    expectRefused('families.mention.parameters.1', 'term', /no values for term/);
    expectRefused('families.favorite.parameters.0', 'thing', /thing depends on kind/);
    expectRefused('families.mention.parameters', ['word'], /needs the parameter topic/);
    expectRefused('families.mention.judge.text', '{title}', /not a parameter: title/);
    expectRefused('families.name.judge.slot', 'word', /not a parameter: word/);
    expectRefused('families.persona.judge.slot', 'thing', /thing does not depend on a parameter/);
    expectRefused('families.persona.judge.slot', 'word', /word does not depend on a parameter/);
  });

  it('must have a dependent list for each value, and texts for each topic', () => {
    expectRefused('values.thing.by', 'sort', /sort is not the name of a plain list/);
    expectRefused('values.interjection.lists.elf', ['La'], /not a value of the list: elf/);
    const lists = { color: ['travel'], animal: ['pets'], food: ['cooking'], sport: ['work'] };
    expectRefused('values.topic', { by: 'kind', lists }, /must be a plain list/);
    expectRefused('topics.art', JSON.parse(text).topics.travel, /not a value of the list: art/);
    expect(told('values.persona.6', 'elf')).toMatch(/elf is missing.*field values\.interjection\.lists\)/);
    expect(told('values.topic.8', 'art')).toMatch(/art is missing.*field topics\)/);
  });

  it('must have the asks that its families name', () => {
    expectRefused('families.budget.ask', 'price', /unknown ask: price/);
    expect(told('families.tell.answer', undefined)).toMatch(/shown: asked.*field families\.tell\)/);
    expect(told('families.one.ask', 'name')).toMatch(/shown: asked.*field families\.one\)/);
    expect(told('families.end.shown', 'asked')).toMatch(/shown: asked.*field families\.end\)/);
  });
});
