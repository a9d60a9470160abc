import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { messageAt } from '../../test/support/message-places.js';
import type { Span } from '../text/index.js';
import {
  checkTarget,
  type NamedTarget,
  parseTarget,
  resolveTarget,
  type Target,
  type TargetContext,
  targetName,
  tokensBefore,
  tokensNeeded,
} from './target.js';

/** `<s>` | header 1–4 | "Be brief…" 4–10 | tail 10–12 | user 12–20 | header 20–23 | answer 23–40 */
const spans: readonly Span[] = [
  { role: 'sink', turn: 0, start: 0, end: 1 },
  { role: 'template', turn: 0, start: 1, end: 4 },
  { role: 'system', turn: 0, start: 4, end: 10 },
  { role: 'template', turn: 0, start: 10, end: 12 },
  { role: 'user', turn: 1, start: 12, end: 20 },
  { role: 'template', turn: 1, start: 20, end: 23 },
  { role: 'assistant', turn: 1, start: 23, end: 40 },
];
const system = messageAt('system', 1, 12, { start: 4, end: 10 });
const user = messageAt('user', 12, 20, { start: 12, end: 20 });
const assistant = messageAt('assistant', 20, 40, { start: 23, end: 40 });
const dialogue: TargetContext = { spans, messages: [system, user, assistant] };
const bare: TargetContext = {
  spans: spans.filter(({ role }) => role !== 'system'),
  messages: [user, assistant],
};

/** A dialogue of `tokens` tokens, of which the first `prefix` are the prefix. */
const ofLength = (prefix: number, tokens: number): TargetContext => ({
  spans: [
    { role: 'sink', turn: 0, start: 0, end: 1 },
    { role: 'system', turn: 0, start: 1, end: prefix },
    { role: 'user', turn: 1, start: prefix, end: tokens },
  ],
  messages: [
    messageAt('system', 1, prefix, { start: 1, end: prefix }),
    messageAt('user', prefix, tokens, { start: prefix, end: tokens }),
  ],
});
const resolve = (text: string, context: TargetContext) => resolveTarget(parseTarget(text), context);
const eTarget = (message: string) =>
  expect.objectContaining({ code: 'E_TARGET', message: `E_TARGET: ${message}` });

describe('resolveTarget', () => {
  it.each([
    ['prefix', [[0, 12]]],
    ['message', [[1, 12]]],
    ['content', [[4, 10]]],
    ['sink', [[0, 1]]],
    [
      'template',
      [
        [1, 4],
        [10, 12],
        [20, 23],
      ],
    ],
    ['5:30', [[5, 30]]],
  ] as const)('finds the tokens of %s', (text, ranges) => {
    expect(resolve(text, dialogue)).toEqual(ranges.map(([start, end]) => ({ start, end })));
  });

  it('finds the rest of a target: all tokens outside it, including future ones', () => {
    const end = Number.MAX_SAFE_INTEGER;
    const rest = (text: string, context = dialogue) =>
      resolve(`not:${text}`, context).map(({ start, end }) => [start, end]);
    expect(rest('prefix')).toEqual([[12, end]]);
    expect(rest('message')).toEqual([
      [0, 1],
      [12, end],
    ]);
    expect(rest('template')).toEqual([
      [0, 1],
      [4, 10],
      [12, 20],
      [23, end],
    ]);
    expect(rest('sink', bare)).toEqual([[1, end]]);
    const [random] = resolve('random:3', ofLength(12, 36));
    expect(rest('random:3', ofLength(12, 36))).toEqual([
      [0, random!.start],
      [random!.end, end],
    ]);
    expect(() => resolve('not:prefix', bare)).toThrow(eTarget('the target prefix needs a system message'));
    expect(() => resolve(`not:0:${end}`, dialogue)).toThrow(
      eTarget(`the target not:0:${end} has no tokens in this dialogue`),
    );
  });

  it('counts the tokens of ranges up to the end of the dialogue', () => {
    const rest = resolve('not:message', dialogue);
    expect([0, 1, 5, 12, 13, 40].map((end) => tokensBefore(rest, end))).toEqual([0, 1, 1, 1, 2, 29]);
  });

  it('joins spans that touch, and leaves out empty ones', () => {
    const touching: TargetContext = {
      ...bare,
      spans: [
        { role: 'template', turn: 0, start: 0, end: 2 },
        { role: 'template', turn: 1, start: 2, end: 5 },
        { role: 'user', turn: 1, start: 5, end: 9 },
        { role: 'template', turn: 1, start: 9, end: 9 },
        { role: 'template', turn: 1, start: 9, end: 11 },
      ],
    };
    expect(resolve('template', touching)).toEqual([
      { start: 0, end: 5 },
      { start: 9, end: 11 },
    ]);
  });

  it('gives disjoint ascending ranges, with a gap between any two, whatever the order of the spans', () => {
    const layout = fc.array(fc.tuple(fc.nat(60), fc.nat(6)), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(layout, (pairs) => {
        const given = pairs.map(
          ([start, size]): Span => ({ role: 'template', turn: 0, start, end: start + size }),
        );
        const tokens = new Set(given.flatMap(({ start, end }) => indices(start, end)));
        fc.pre(tokens.size > 0);
        const ranges = resolve('template', { spans: given, messages: [] });
        expect(ranges.flatMap(({ start, end }) => indices(start, end))).toEqual(
          [...tokens].sort((a, b) => a - b),
        );
        for (const [i, { start, end }] of ranges.entries()) {
          expect(start).toBeLessThan(end);
          if (i > 0) expect(start).toBeGreaterThan(ranges[i - 1]!.end);
        }
      }),
    );
  });

  it('refuses a target that needs a system message if there is none', () => {
    for (const name of ['prefix', 'message', 'content', 'random:3']) {
      expect(() => resolve(name, bare)).toThrow(eTarget(`the target ${name} needs a system message`));
    }
    expect(resolve('sink', bare)).toEqual([{ start: 0, end: 1 }]);
  });

  it('refuses a target without tokens', () => {
    const user: TargetContext = { spans: spans.filter(({ role }) => role === 'user'), messages: [] };
    for (const name of ['sink', 'template']) {
      expect(() => resolve(name, user)).toThrow(eTarget(`the target ${name} has no tokens in this dialogue`));
    }
    const silent: TargetContext = {
      spans,
      messages: [messageAt('system', 1, 12, { start: 4, end: 4 })],
    };
    expect(() => resolve('content', silent)).toThrow(
      eTarget('the target content has no tokens in this dialogue'),
    );
    const empty: Target = { kind: 'range', range: { start: 7, end: 7 } };
    expect(() => resolveTarget(empty, dialogue)).toThrow(
      eTarget('the target 7:7 has no tokens in this dialogue'),
    );
  });
});

describe('a system message that does not come first', () => {
  /** `<s>` | user 1–8 | answer 8–14 | system 14–20, its words 15–18 | user 20–26 */
  const behind = (system: number, tokens: number): TargetContext => ({
    spans: [
      { role: 'sink', turn: 0, start: 0, end: 1 },
      { role: 'template', turn: 0, start: 1, end: tokens },
    ],
    messages: [
      messageAt('system', system, system + 6, { start: system + 1, end: system + 4 }),
      messageAt('user', 1, 8, { start: 2, end: 7 }),
      messageAt('assistant', 8, system, { start: 8, end: system - 1 }),
      messageAt('user', system + 6, tokens, { start: system + 6, end: tokens }),
    ],
  });
  const pairs = (text: string, context: TargetContext) =>
    resolve(text, context).map(({ start, end }) => [start, end]);

  it('is found wherever it is, without the tokens of other messages', () => {
    expect(pairs('message', behind(14, 26))).toEqual([[14, 20]]);
    expect(pairs('content', behind(14, 26))).toEqual([[15, 18]]);
    expect(pairs('prefix', behind(14, 26))).toEqual([
      [0, 1],
      [14, 20],
    ]);
  });

  it('has a prefix of the same length, wherever it is', () => {
    const length = (context: TargetContext) => tokensBefore(resolve('prefix', context), 1000);
    expect(length(behind(14, 26))).toBe(7);
    expect(length(behind(140, 260))).toBe(7);
  });

  it('includes in its prefix what the template writes before all messages', () => {
    const context = behind(14, 26);
    const preamble = context.messages.map((message) =>
      message.places[0]!.start === 1 ? messageAt('user', 3, 8, { start: 4, end: 7 }) : message,
    );
    expect(pairs('prefix', { ...context, messages: preamble })).toEqual([
      [0, 3],
      [14, 20],
    ]);
  });

  it('has random spans among the other tokens, the same ones when it moves', () => {
    /** Their indices among the tokens outside the prefix. */
    const outside = (context: TargetContext, seed: number): number[] => {
      const prefix = new Set(resolve('prefix', context).flatMap(({ start, end }) => indices(start, end)));
      const others = indices(0, 400).filter((token) => !prefix.has(token));
      const random = resolve(`random:${seed}`, context).flatMap(({ start, end }) => indices(start, end));
      expect(random.filter((token) => prefix.has(token))).toEqual([]);
      return random.map((token) => others.indexOf(token));
    };
    for (let seed = 0; seed < 20; seed++) {
      const places = outside(behind(10, 26), seed);
      expect(places).toEqual(indices(places[0]!, places[0]! + 7));
      expect(outside(behind(14, 26), seed)).toEqual(places);
      expect(outside(behind(300, 330), seed)).toEqual(places);
    }
  });
});

describe('several system messages', () => {
  const first = messageAt('system', 1, 5, { start: 2, end: 4 });
  const between = messageAt('user', 5, 9, { start: 6, end: 8 });
  const second = messageAt('system', 9, 14, { start: 10, end: 13 });
  const resolved = (text: string, messages: TargetContext['messages']) =>
    resolve(text, { spans, messages }).map(({ start, end }) => [start, end]);

  it('form one target', () => {
    expect(resolved('message', [first, between, second])).toEqual([
      [1, 5],
      [9, 14],
    ]);
    expect(resolved('content', [first, between, second])).toEqual([
      [2, 4],
      [10, 13],
    ]);
    expect(resolved('prefix', [first, between, second])).toEqual([
      [0, 5],
      [9, 14],
    ]);
  });

  it('are one range if they touch', () => {
    const next = messageAt('system', 5, 10, { start: 6, end: 9 });
    expect(resolved('message', [first, next])).toEqual([[1, 10]]);
  });

  it('do not count if the template wrote none of them', () => {
    const leftOut = { role: 'system', places: [] } as const;
    expect(resolved('message', [first, between, leftOut])).toEqual([[1, 5]]);
    expect(() => resolved('message', [between, leftOut])).toThrow(
      eTarget('the target message needs a system message'),
    );
  });
});

describe('a random target', () => {
  const seed = fc.maxSafeNat();
  const prefix = fc.integer({ min: 2, max: 400 });

  it('is as long as the prefix, and within the two prefix lengths that follow it', () => {
    fc.assert(
      fc.property(seed, prefix, (seed, prefix) => {
        const [range, ...others] = resolve(`random:${seed}`, ofLength(prefix, 3 * prefix));
        expect(others).toEqual([]);
        expect(range!.end - range!.start).toBe(prefix);
        expect(range!.start).toBeGreaterThanOrEqual(prefix);
        expect(range!.end).toBeLessThan(3 * prefix);
      }),
    );
  });

  it('keeps its place while the dialogue grows, from the token that completes it', () => {
    fc.assert(
      fc.property(seed, prefix, fc.nat(5000), (seed, prefix, growth) => {
        const text = `random:${seed}`;
        const [range] = resolve(text, ofLength(prefix, 3 * prefix + growth));
        expect(resolve(text, ofLength(prefix, range!.end))).toEqual([range]);
        expect(resolve(text, ofLength(prefix, range!.end + growth))).toEqual([range]);
        expect(tokensNeeded(parseTarget(text), ofLength(prefix, prefix))).toBe(range!.end);
        const short = Math.max(prefix, range!.end - 1 - growth);
        expect(() => resolve(text, ofLength(prefix, short))).toThrow(
          eTarget(
            `the target ${text} needs a dialogue of ${range!.end} tokens, and this one has ${short}. ` +
              `Use a dialogue of at least three times the prefix, ${3 * prefix} tokens: it has room for every seed`,
          ),
        );
      }),
    );
  });

  it('is spread evenly over its possible places by neighbouring seeds', () => {
    const places = Array.from(
      { length: 1000 },
      (_, i) => resolve(`random:${i}`, ofLength(40, 120))[0]!.start,
    );
    for (let place = 40; place < 80; place++) {
      // 25 are expected at each of 40 places.
      const count = places.filter((start) => start === place).length;
      expect(count, `place ${place}`).toBeGreaterThan(15);
      expect(count, `place ${place}`).toBeLessThan(35);
    }
  });
});

it.each([
  ...['sink', null, undefined, {}, { kind: 'zzz' }, { kind: 'toString' }, { kind: 'not' }],
  ...[{ kind: 'not', of: { kind: 'not', of: { kind: 'sink' } } }, { kind: 'random' }, { kind: 'range' }],
  ...[
    { kind: 'range', range: { start: 0.5, end: 2 } },
    { kind: 'random', seed: -1 },
  ],
])('%j is no target', (target) => {
  expect(() => checkTarget(target as Target)).toThrow(/E_TARGET: not a target/);
  expect(() => resolveTarget(target as Target, dialogue)).toThrow(/E_TARGET: not a target/);
});

describe('parseTarget', () => {
  it('reads each kind, and targetName writes it', () => {
    const kind = fc.constantFrom('prefix', 'message', 'content', 'sink', 'template');
    const named = fc.oneof(
      kind.map((kind): NamedTarget => ({ kind })),
      fc.maxSafeNat().map((seed): NamedTarget => ({ kind: 'random', seed })),
      fc.uniqueArray(fc.maxSafeNat(), { minLength: 2, maxLength: 2 }).map(
        ([a, b]): NamedTarget => ({
          kind: 'range',
          range: { start: Math.min(a!, b!), end: Math.max(a!, b!) },
        }),
      ),
    );
    const target = fc.oneof(
      named,
      named.map((of): Target => ({ kind: 'not', of })),
    );
    fc.assert(
      fc.property(target, (target) => {
        expect(parseTarget(targetName(target))).toEqual(target);
      }),
    );
  });

  it('refuses anything else, and says what to write', () => {
    for (const text of [
      '',
      'Prefix',
      'system',
      'random',
      'random:',
      'random:-1',
      'random:1.5',
      'random:1:2',
      '5:5',
      '9:3',
      '3:',
      ':3',
      '-1:3',
      '1:2:3',
      ' 1:2',
      'not',
      'not:',
      'not:not:sink',
      'not: sink',
      // Larger than the integers that a double represents exactly.
      'random:9007199254740992',
      '0:9007199254740992',
    ]) {
      expect(() => parseTarget(text), text).toThrow(
        eTarget(
          `"${text}" is not a target. Write message, content, prefix, sink, template, random:SEED or START:END (token indices, START < END), or not: before one of these`,
        ),
      );
    }
  });
});

function indices(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, i) => start + i);
}
