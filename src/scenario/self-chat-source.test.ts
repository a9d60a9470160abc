import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadFixture } from '../../test/support/chat-fixtures.js';
import { MATERIAL } from '../../test/support/material-fixtures.js';
import { spyOnModel } from '../../test/support/organism-fixtures.js';
import { speaking } from '../../test/support/scenario-fixtures.js';
import { NOW } from '../../test/support/text-fixtures.js';
import { watchSequences } from '../../test/support/watched-sequences.js';
import type { Model } from '../engine/index.js';
import type { ForwardRequest } from '../executors/index.js';
import { selfChatSource } from './self-chat-source.js';

const SAMPLING = { temperature: 1, topP: 0.9 };
const source = selfChatSource(MATERIAL, { groups: null, rounds: 3 });

let llama: Model;
beforeAll(async () => {
  llama = await loadFixture('llama');
});
afterAll(() => llama.dispose());

/** Returns what the other side says to these answers. */
async function talk(model: Model, answers: readonly string[], seed = 9, index = 0): Promise<string[]> {
  const user = source.at(index).openUser({ model, seed, sampling: SAMPLING, maxTokens: 8, now: NOW });
  try {
    const said = [await user.say(null)];
    for (const answer of answers) said.push(await user.say(answer));
    return said;
  } finally {
    user.dispose();
  }
}

describe('self-chat', () => {
  it('pairs each prompt in turn with another prompt and an opener, always the same for an index', () => {
    expect(source.size).toBeNull();
    const scenarios = Array.from({ length: 40 }, (_, index) => source.at(index));
    expect(scenarios.map(({ group }) => group).slice(0, 4)).toEqual(['ropes', 'knots', 'ropes', 'knots']);
    for (const [index, { content, system }] of scenarios.entries()) {
      expect(source.at(index).content).toEqual(content);
      const { user } = content as { user: { system: string; opener: string } };
      expect(user.system).not.toBe(system);
      expect(MATERIAL.openers).toContain(user.opener);
    }
    expect(new Set(scenarios.map(({ content }) => JSON.stringify(content))).size).toBeGreaterThan(20);
    const knots = selfChatSource(MATERIAL, { groups: ['knots'], rounds: 3 });
    expect([0, 1, 2, 3].map((index) => knots.at(index).group)).toEqual(['knots', 'knots', 'knots', 'knots']);
  });

  it('flips the roles for the other side, whose first message quotes the opening exchange', async () => {
    const { tokenizer } = llama.format!;
    const held: number[] = [];
    const watched = spyOnModel(speaking(llama), ({ sequence, tokens }: ForwardRequest) => {
      held.length = sequence.length - tokens.length;
      held.push(...tokens);
    });
    const [opener, reply] = await talk(watched, ['Because they twist.', 'So I said.']);
    const { user } = source.at(0).content as { user: { system: string } };
    const seen = tokenizer.decode(held, { skipSpecial: false });
    const expected = [
      ['system', user.system],
      ['user', `In the last round, you asked me: ${opener} and I answered: Because they twist.`],
      ['assistant', reply],
      ['user', 'So I said.'],
    ].map(([role, content]) => `<|im_start|>${role}\n${content}<|im_end|>\n`);
    expect(seen).toContain(`${expected.join('')}<|im_start|>assistant\n`);
  });

  it('samples the other side from the seed, with a different seed each round', async () => {
    const deaf = speaking(llama, Number.POSITIVE_INFINITY);
    const said = await talk(deaf, ['Yes.', 'No.', 'Perhaps.']);
    expect(await talk(deaf, ['Not at all.', 'Never.', 'Who knows?'])).toEqual(said);
    expect(await talk(deaf, ['Yes.', 'No.', 'Perhaps.'], 10)).not.toEqual(said);
    expect(new Set(said).size).toBe(said.length);
  });

  it('plays the other side without a policy, and disposes of its cache', async () => {
    const policies = new Set<string | undefined>();
    const { model, disposed } = watchSequences(
      spyOnModel(speaking(llama), ({ intervention }) => policies.add(intervention?.policy)),
    );
    await talk(model, ['Yes.']);
    expect([...policies]).toEqual(['off']);
    expect(disposed).toHaveLength(1);
    expect(disposed[0]).toHaveBeenCalledOnce();
  });

  it('needs openers and a second prompt', () => {
    const choice = { groups: null, rounds: 2 };
    expect(() => selfChatSource({ ...MATERIAL, openers: [] }, choice)).toThrow(/E_MATERIAL.*openers/);
    expect(() => selfChatSource({ ...MATERIAL, prompts: MATERIAL.prompts.slice(0, 1) }, choice)).toThrow(
      /E_MATERIAL.*only one prompt/,
    );
  });
});
