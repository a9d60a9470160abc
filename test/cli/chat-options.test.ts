import { describe, expect, it } from 'vitest';
import { indexRanges, readChatOptions } from '../../src/cli/options/settings-flags.js';

describe('a list of layers or heads', () => {
  it('may contain single indices and ranges, and is ascending without duplicates', () => {
    expect(indexRanges('0,3,5-8')).toEqual([0, 3, 5, 6, 7, 8]);
    expect(indexRanges('4, 2-4')).toEqual([2, 3, 4]);
  });

  it.each(['', '1,', '8-5', '-1', '1.5', 'all', '1-2-3', '0-99999999'])('is not %j', (text) => {
    expect(() => indexRanges(text)).toThrow(/is neither an index/);
  });
});

describe('the command line', () => {
  it('returns only the options that were given', () => {
    expect(readChatOptions({})).toEqual({});
    expect(
      readChatOptions({
        system: 's',
        policy: 'boost',
        strength: 2,
        target: 'content',
        temperature: 0,
        context: 99,
        stop: ['END'],
      }),
    ).toEqual({
      system: 's',
      policy: 'boost',
      schedule: { kind: 'constant', strength: 2 },
      target: { kind: 'content' },
      sampling: { temperature: 0 },
      contextLength: 99,
      stop: ['END'],
    });
  });

  it('reads a kind of cache, and refuses a clean one if nothing changes the cache', () => {
    const policy = { system: 's', policy: 'boost', strength: 2 };
    expect(readChatOptions({ ...policy, cache: 'clean' })).toMatchObject({ cache: 'clean' });
    expect(readChatOptions({ system: 's', hold: true, cache: 'clean' })).toMatchObject({ cache: 'clean' });
    expect(readChatOptions({ cache: 'held' })).toEqual({ cache: 'held' });
    expect(() => readChatOptions({ cache: 'clean' })).toThrow(
      'E_USAGE: --cache clean needs --hold or a --policy',
    );
    expect(readChatOptions({ cache: 'clean', load: 'saved.json' })).toEqual({ cache: 'clean' });
  });

  it('reads a reminder', () => {
    expect(readChatOptions({ system: 's', reminder: true })).toEqual({ system: 's', reminder: true });
    expect(readChatOptions({ reminder: 'Keep to it.' })).toEqual({ reminder: 'Keep to it.' });
  });

  it('reads schedules', () => {
    const policy = { system: 's', policy: 'split-softmax' };
    const schedule = { kind: 'per-turn', from: 1, to: 0.5, step: 0.1 };
    expect(readChatOptions({ ...policy, schedule: 'per-turn:1,0.5,0.1' })).toMatchObject({ schedule });
    expect(readChatOptions({ ...policy, schedule: 'constant', strength: 0.5 })).toMatchObject({
      schedule: { kind: 'constant', strength: 0.5 },
    });
    expect(() => readChatOptions({ ...policy, schedule: 'constant' })).toThrow(/E_USAGE/);
    expect(() => readChatOptions({ ...policy, schedule: 'per-turn:1,2,0.1' })).toThrow(/E_STRENGTH/);
  });

  it('requires a system prompt for a policy, unless its target needs none or a file may have one', () => {
    const policy = { policy: 'boost', strength: 2 };
    expect(() => readChatOptions(policy)).toThrow(/E_USAGE.*no target/);
    expect(() => readChatOptions({ ...policy, target: 'random:3' })).toThrow(/E_USAGE/);
    expect(readChatOptions({ ...policy, target: 'sink' })).toMatchObject({ policy: 'boost' });
    expect(readChatOptions({ ...policy, load: 'saved.json' })).toMatchObject({ policy: 'boost' });
  });
});
