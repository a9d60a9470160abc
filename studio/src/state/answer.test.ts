import { describe, expect, it } from 'vitest';
import type { PastTurn, Steer, TokenTrace } from '../../../src/studio/protocol.js';
import { type Answer, cutOff, EMPTY, turnOf } from './answer.js';

const STEER: Steer = {
  ...{ policy: 'split-softmax', target: 'message', pairs: null },
  schedule: { kind: 'constant', strength: 0.6 },
};
const DRAW = { temperature: 1, topP: 1, seed: 3, maxTokens: 8 };
const ASKED = { system: 'Be brief.', user: 'hello', steer: STEER, draw: DRAW, begin: [7], strengths: null };

const token = (id: number, strength: number | null): TokenTrace => ({
  ...{ id, text: ` w${id}`, probability: 0.5, strength, alternatives: [] },
  ...{ shares: [], words: [], heads: [], before: null },
});
const streaming: Answer = {
  ...EMPTY,
  ...{ status: 'streaming', asked: ASKED, tokens: [token(7, 0.6), token(8, 0.2)] },
};

describe('an answer that is cut off', () => {
  it('has stopped where it was, and is a turn of the dialogue with its tokens and their strengths', () => {
    const { status, tokens, given } = cutOff(streaming);
    expect([status, tokens]).toEqual(['done', streaming.tokens]);
    expect(given).toEqual({
      ...{ system: 'Be brief.', user: 'hello', assistant: ' w7 w8', ids: [7, 8], begun: 1 },
      ...{ strengths: [0.6, 0.2], finish: 'abort', steer: STEER, draw: DRAW },
    });
  });

  it('records no strengths that its schedule gives', () => {
    const schedule = { kind: 'per-turn', from: 1, to: 0.5, step: 0.1 } as const;
    const scheduled = { ...streaming, asked: { ...ASKED, steer: { ...STEER, schedule } } };
    expect(turnOf(cutOff(scheduled))!.strengths).toBeNull();
    const off: Steer = { ...STEER, policy: 'off', schedule: null };
    const untouched = { ...streaming, asked: { ...ASKED, steer: off }, tokens: [token(7, null)] };
    expect(turnOf(cutOff(untouched))!.strengths).toBeNull();
  });

  it('is no turn before its first token', () => {
    for (const status of ['waiting', 'reading', 'streaming'] as const) {
      const stopped = cutOff({ ...streaming, status, reading: { turn: 1, of: 2 }, tokens: [] });
      expect(stopped).toMatchObject({ status: 'done', reading: null, given: null });
    }
  });

  it('is shown in full if it is of a file, and was only measured', () => {
    const given: PastTurn = { ...cutOff(streaming).given!, assistant: 'all of it', ids: [7, 8, 9] };
    expect(cutOff({ ...streaming, given })).toMatchObject({ status: 'done', tokens: [], given });
  });

  it('stays as it is if it has ended or failed, without a comparison that was computed', () => {
    const failure = { code: 'E_SERVER', message: 'gone' };
    const failed: Answer = { ...streaming, status: 'failed', failure };
    expect(cutOff({ ...failed, comparing: STEER })).toEqual(failed);
    const done: Answer = { ...streaming, status: 'done' };
    expect(cutOff({ ...done, comparing: STEER })).toEqual(done);
  });
});
