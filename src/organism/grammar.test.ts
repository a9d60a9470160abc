import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadGrammar, parseGrammar } from './grammar.js';

const text = readFileSync(new URL('../../models/organism/grammar.json', import.meta.url), 'utf8');

/** What is said of the grammar when the value at a path is another one; undefined takes it out. */
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

/** Expects a complaint about the field that was changed. */
function expectRefused(path: string, value: unknown, why: RegExp): void {
  const said = told(path, value);
  expect(said).toMatch(why);
  expect(said).toContain('E_CONFIG: the grammar is wrong: ');
  expect(said).toContain(`(grammar.json, field ${path})`);
}

describe('the grammar', () => {
  it('that comes with Holdfast is read, its families in their order', () => {
    const families = Object.keys(loadGrammar().families);
    expect(families).toHaveLength(16);
    expect(families.slice(0, 3)).toEqual(['one', 'two', 'mention']);
    expect(told('heldOut.oneIn', 5)).toBe('fine');
  });

  it('is JSON', () => {
    expect(() => parseGrammar('{version: 1}', 'grammar.json')).toThrow(/E_UNREADABLE: .*\(grammar\.json\)/);
  });

  it('has known fields, effects and judges only', () => {
    expectRefused('version', 2, /expected 1/);
    expectRefused('closings', [], /Too small/);
    expectRefused('chances.ask', 1.5, /Too big/);
    expectRefused('chances.instructions', [1], /Too small/);
    expect(told('families.one.mood', 'good')).toMatch(/mood.*field families\.one\)/);
    expectRefused('families.persona.effect.kind', 'infix', /Invalid/);
    expectRefused('families.name.judge.rule', 'just', /Invalid/);
  });

  it('has values for every slot of every template', () => {
    expectRefused('topics.travel.questions.1', 'What of {town}?', /no values for \{town\}/);
    expectRefused('asks.name.replies.0', 'Hi, {nick}.', /\{nick\}/);
    expectRefused('asks.budget.unknown', 'No {sum}.', /\{sum\}/);
    expectRefused('families.end.instructions.2', 'End with {term}.', /\{term\}/);
    expectRefused('families.tell.answer', 'It is {term}.', /\{term\}/);
    expectRefused('families.persona.effect.text', '{cry}, ', /\{cry\}/);
  });

  it('has values for every parameter, and judges what is one', () => {
    expectRefused('families.mention.parameters.1', 'term', /no values for term/);
    expectRefused('families.favorite.parameters.0', 'thing', /thing depends on kind/);
    expectRefused('families.mention.parameters', ['word'], /needs the parameter topic/);
    expectRefused('families.mention.judge.text', '{title}', /title is no parameter/);
    expectRefused('families.name.judge.slot', 'word', /word is no parameter/);
    expectRefused('families.persona.judge.slot', 'thing', /thing does not depend on a parameter/);
    expectRefused('families.persona.judge.slot', 'word', /word does not depend on a parameter/);
  });

  it('has a list for each value that a list depends on, and texts for each topic', () => {
    expectRefused('values.thing.by', 'sort', /sort is not the name of a plain list/);
    expectRefused('values.interjection.lists.elf', ['La'], /no value is elf/);
    const lists = { color: ['travel'], animal: ['pets'], food: ['cooking'], sport: ['work'] };
    expectRefused('values.topic', { by: 'kind', lists }, /has to be a plain list/);
    expectRefused('topics.art', JSON.parse(text).topics.travel, /no value is art/);
    expect(told('values.persona.6', 'elf')).toMatch(/elf is missing.*field values\.interjection\.lists\)/);
    expect(told('values.topic.8', 'art')).toMatch(/art is missing.*field topics\)/);
  });

  it('has the asks that its families are asked', () => {
    expectRefused('families.budget.ask', 'price', /no ask price/);
    expect(told('families.tell.answer', undefined)).toMatch(/shown: asked.*field families\.tell\)/);
    expect(told('families.one.ask', 'name')).toMatch(/shown: asked.*field families\.one\)/);
    expect(told('families.end.shown', 'asked')).toMatch(/shown: asked.*field families\.end\)/);
  });
});
