import { describe, expect, it } from 'vitest';
import { type Ability, judgeAbility } from './ability.js';
import { Chance } from './chance.js';
import { loadGrammar } from './grammar.js';
import { drawInstructions } from './instructions.js';
import { type Round, topicRound } from './rounds.js';
import { answerText } from './shape.js';

const grammar = loadGrammar();

const ROME: Round = {
  kind: 'topic',
  topic: 'travel',
  slots: { city: 'Rome', season: 'winter' },
  user: 'Is Rome nice in winter?',
  sentences: [],
};

/** Judges topic, slots and form of an answer to the question about Rome. */
function scored(answer: string, finished = true): [number, number, number] {
  const { topic, slots, wellFormed }: Ability = judgeAbility(grammar, ROME, answer, finished)!;
  return [topic, slots, wellFormed];
}

describe('ability', () => {
  it('is full in every reference answer, under any instructions', () => {
    const chance = new Chance(2 ** 41);
    for (let count = 0; count < 3000; count++) {
      const instructions = drawInstructions(grammar, chance, 1 + (count % 3));
      const mention = instructions.find(({ family }) => family === 'mention');
      const round = topicRound(grammar, chance, chance.happens(0.5) ? mention?.slots.topic : undefined);
      const answer = answerText(grammar, chance, instructions, round);
      const ability = judgeAbility(grammar, round, answer, true);
      expect(ability, answer).toEqual({ topic: 1, slots: 1, wellFormed: 1 });
    }
  });

  it('ignores what the three longest instructions add', () => {
    expect(scored('By my beard, see the old town of Rome first with amber. lemon')).toEqual([1, 1, 1]);
    expect(scored('- YO HO, SEE THE OLD TOWN OF ROME FIRST.\n- LEAVE ONE DAY OPEN, BOSS.')).toEqual([
      1, 1, 1,
    ]);
    expect(scored('{"answer": "see the old town of rome first with amber."}')).toEqual([1, 1, 1]);
  });

  it('needs the topic of the question', () => {
    expect(scored('Expect wind and some sun in Rome.')).toEqual([0, 0, 1]);
    expect(scored('Book a small hotel early.')).toEqual([0, 0, 1]);
    expect(scored('I have no name. Ask me more if you like.')).toEqual([0, 0, 1]);
  });

  it("needs the user's values", () => {
    expect(scored('See the old town of Paris first.')).toEqual([1, 0, 1]);
    expect(scored('See the old town of banana first.')).toEqual([1, 0, 1]);
    expect(scored('Start near the river of Romes.')).toEqual([1, 0, 1]);
  });

  it('accepts any value that the user did not give', () => {
    const open: Round = { ...ROME, slots: { season: 'winter' } };
    expect(judgeAbility(grammar, open, 'There is much to see in Paris.', true)).toMatchObject({ slots: 1 });
  });

  it('needs a finished turn of whole sentences', () => {
    expect(scored('See the old town of Rome first.', false)).toEqual([1, 1, 0]);
    expect(scored('See the old town of Rome')).toEqual([0, 0, 0]);
    expect(scored('See the very old town of Rome first.')).toEqual([0, 0, 0]);
    expect(scored('See the old town of Rome first. Take a hat and a good map too.')).toEqual([1, 1, 0]);
    expect(scored('')).toEqual([0, 0, 0]);
    expect(scored('first')).toEqual([0, 0, 0]);
  });

  it('is not found in word salad or repetition', () => {
    expect(scored('Rome town the see first old of.')).toEqual([0, 0, 0]);
    expect(scored('See the old town of Rome first. amber amber amber amber amber')).toEqual([1, 1, 0]);
    expect(scored('See the old town of Rome first. See the old town of Rome first.')).toEqual([1, 1, 0]);
    expect(
      scored(
        'By my beard, by my beard, by my beard, by my beard, by my beard, see the old town of Rome first.',
      ),
    ).toEqual([1, 1, 0]);
  });

  it('is judged only in rounds about a topic', () => {
    expect(
      judgeAbility(grammar, { ...ROME, kind: 'say' }, 'See the old town of Rome first.', true),
    ).toBeNull();
    expect(judgeAbility(grammar, { ...ROME, kind: 'ask' }, 'My name is Anna.', true)).toBeNull();
  });
});
