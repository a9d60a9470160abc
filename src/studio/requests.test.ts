import { describe, expect, it } from 'vitest';
import { readTakes } from './index.js';
import type { Operation } from './protocol.js';

const STEER = {
  policy: 'boost',
  schedule: { kind: 'constant', strength: 2 },
  target: 'message',
  pairs: null,
};
const DRAW = { temperature: 0, topP: 1, seed: 0, maxTokens: 8 };
const GIVEN = {
  ...{ system: null, user: 'a', assistant: 'b', ids: null, begun: 0, strengths: null },
  ...{ finish: 'stop', steer: STEER, draw: DRAW },
};
const GENERATED = { ...GIVEN, ids: [5, 6], strengths: [2, 3] };
const ASKED = { system: null, user: 'c', steer: STEER, draw: DRAW, column: 'held' };
const ANSWER = { ...ASKED, begin: [], strengths: null, measureOnly: false };

/** The operations that take a dialogue. */
const OPERATIONS: readonly [Operation, object][] = [
  ['answer', ANSWER],
  ['compare', { system: null, user: 'c', assistant: 'd', steer: STEER }],
  ['save', { system: null, steer: STEER, draw: DRAW, column: 'held' }],
  ['trace', { system: null, steer: STEER, strength: 2 }],
];

describe.each(OPERATIONS)('what the operation %s takes', (operation, takes) => {
  const read = (past: readonly object[]): unknown => readTakes(operation, { ...takes, past });

  it('may have answers that were given before those that were generated', () => {
    expect(read([GIVEN, GIVEN, GENERATED, GENERATED])).toMatchObject({ past: { length: 4 } });
  });

  it.each<[string, readonly object[]]>([
    ['a given answer after a generated one', [GIVEN, GENERATED, GIVEN]],
    ['a generated answer without a token', [{ ...GENERATED, ids: [] }]],
    ['strengths of no token', [{ ...GENERATED, strengths: [] }]],
    ['fewer strengths than tokens', [{ ...GENERATED, strengths: [2] }]],
    ['strengths of a given answer', [{ ...GIVEN, strengths: [2] }]],
    ['more given tokens than it has', [{ ...GENERATED, begun: 3 }]],
  ])('may not have %s', (_, past) => {
    expect(() => read(past)).toThrow(/^E_USAGE: past/);
  });
});
