import { describe, expect, it } from 'vitest';
import { judgeAbility } from './ability.js';
import { loadGrammar } from './grammar.js';
import { judge } from './instruction-judge.js';
import { fits, isHeldOut } from './instructions.js';
import { drawBareTrial, drawTrial, type Trial } from './trial.js';

const grammar = loadGrammar();
const trials = Array.from({ length: 288 }, (_, index) => drawTrial(grammar, index, 3));
const shownOf = (family: string): string => grammar.families[family]!.shown;

describe('trials', () => {
  it('contain every family at least thirty times in 288', () => {
    const counts = new Map(Object.keys(grammar.families).map((family) => [family, 0]));
    for (const { instructions } of trials) {
      for (const { family } of instructions) counts.set(family, counts.get(family)! + 1);
    }
    for (const [family, count] of counts) expect(count, family).toBeGreaterThanOrEqual(30);
  });

  it('have two instructions that fit together and are held out of training', () => {
    for (const { index, instructions } of trials) {
      const [a, b] = instructions;
      expect(instructions, `trial ${index}`).toHaveLength(2);
      expect(fits(grammar, a!, [b!]), `trial ${index}`).toBe(true);
      expect(isHeldOut(grammar, instructions), `trial ${index}`).toBe(true);
    }
  });

  it('are the same for the same index, whatever the number of rounds', () => {
    for (const index of [0, 7, 255]) {
      const long = drawTrial(grammar, index, 30);
      expect(drawTrial(grammar, index, 30)).toEqual(long);
      expect(drawTrial(grammar, index, 12)).toEqual({ ...long, rounds: long.rounds.slice(0, 12) });
    }
    expect(new Set(trials.map((trial) => JSON.stringify(trial.rounds))).size).toBe(288);
  });

  it('have one probe for all instructions that always show, and one for each of the others', () => {
    for (const { index, instructions, rounds } of trials) {
      const always = instructions.filter(({ family }) => shownOf(family) === 'always').length;
      for (const { probes } of rounds) {
        expect(probes, `trial ${index}`).toHaveLength(instructions.length - Math.max(0, always - 1));
        expect(new Set(probes.flatMap((probe) => probe.instructions))).toEqual(new Set(instructions));
        for (const { round, instructions: probed } of probes) {
          const [{ family, slots }] = probed as [(typeof probed)[0]];
          expect(round.kind).toBe(shownOf(family) === 'asked' ? 'ask' : 'topic');
          if (shownOf(family) === 'topic') expect(round.topic).toBe(slots.topic);
        }
      }
    }
  });

  it('have reference answers with full obedience and ability', () => {
    for (const { index, instructions, rounds } of trials) {
      for (const { round, reference, probes } of rounds) {
        const always = instructions.filter(({ family }) => shownOf(family) === 'always');
        for (const exchange of [{ round, reference, instructions: always }, ...probes]) {
          const message = `trial ${index}: ${exchange.reference}`;
          for (const instruction of exchange.instructions) {
            expect(judge(grammar, instruction, exchange.reference, instructions), message).toBe(1);
          }
          const ability = judgeAbility(grammar, exchange.round, exchange.reference, true);
          if (ability !== null) expect(ability, message).toEqual({ topic: 1, slots: 1, wellFormed: 1 });
        }
      }
    }
  });

  it('have users with a style of their own', () => {
    const { style, rounds } = trials.find(({ style }) => style?.family === 'capitals') as Trial;
    expect(style).toEqual({ family: 'capitals', slots: {} });
    for (const { user, probes } of rounds) {
      for (const text of [user, ...probes.map((probe) => probe.user)]) expect(text).toBe(text.toUpperCase());
    }
    const plain = trials.find((trial) => trial.style === null) as Trial;
    expect(plain.rounds.map(({ user }) => user)).toEqual(plain.rounds.map(({ round }) => round.user));
  });
});

describe('bare trials', () => {
  it('have no instructions, no probes, and different users', () => {
    for (let index = 0; index < 32; index++) {
      const bare = drawBareTrial(grammar, index, 4);
      expect(grammar.prompts.bare).toContain(bare.system);
      expect(bare.instructions).toEqual([]);
      expect(bare.rounds.map(({ probes }) => probes)).toEqual([[], [], [], []]);
      expect(drawBareTrial(grammar, index, 2)).toEqual({ ...bare, rounds: bare.rounds.slice(0, 2) });
      expect(bare.rounds[0]!.user).not.toBe(trials[index]!.rounds[0]!.user);
    }
  });
});
