import { describe, expect, it } from 'vitest';
import { drawTrial, loadGrammar } from '../organism/index.js';
import { organismSource } from './organism-source.js';

const grammar = loadGrammar();
const ROUNDS = 6;
const source = organismSource(grammar, ROUNDS);
const scenarios = Array.from({ length: 32 }, (_, index) => source.at(index));

describe('organismSource', () => {
  it('turns the trial of each index into a scenario with a fixed user', async () => {
    expect(source.size).toBeNull();
    for (const [index, scenario] of scenarios.entries()) {
      const trial = drawTrial(grammar, index, ROUNDS);
      expect(scenario.system).toBe(trial.system);
      expect(scenario.rounds).toBe(ROUNDS);
      const user = scenario.openUser({} as never);
      for (const [round, { user: words }] of trial.rounds.entries()) {
        expect(await user.say(round === 0 ? null : 'Whatever.')).toBe(words);
      }
    }
    expect(new Set(scenarios.map(({ id }) => id)).size).toBe(scenarios.length);
  });

  it('labels each probe with the family of its instruction, and has one for every instruction', () => {
    for (const [index, scenario] of scenarios.entries()) {
      const families = drawTrial(grammar, index, ROUNDS).instructions.map(({ family }) => family);
      const labels = scenario.probesAfter(3).map(({ label }) => label);
      expect(labels.sort()).toEqual([...families].sort());
      expect(scenario.group).toBe(families[0]);
    }
  });

  it('scores its reference answers 1 for obedience and ability, and other answers lower', () => {
    let judged = 0;
    for (const [index, scenario] of scenarios.entries()) {
      const { rounds } = drawTrial(grammar, index, ROUNDS);
      expect(scenario.reference).toHaveLength(2 * ROUNDS);
      for (const [place, round] of rounds.entries()) {
        const answer = scenario.reference![2 * place + 1]!.content;
        expect(answer).toBe(round.reference);
        expect(scenario.obedience(place + 1, answer) ?? 1, scenario.id).toBe(1);
        expect(scenario.obedience(place + 1, '…') ?? 0).toBe(0);
        expect(scenario.ability(place + 1, answer, true) ?? 1, answer).toBe(1);
        const cut = scenario.ability(place + 1, answer, false);
        if (cut !== null) judged++;
        expect(cut ?? 2 / 3, 'a cut answer has two of three parts').toBeCloseTo(2 / 3);
        for (const probe of scenario.probesAfter(place + 1)) {
          const asked = round.probes.find(({ user }) => user === probe.question)!;
          expect(probe.judge(asked.reference), asked.reference).toBe(1);
          expect(probe.judge('')).toBe(0);
        }
      }
    }
    expect(judged).toBeGreaterThan(20);
  });

  it('has everything that the dialogue depends on in its content, as plain JSON', () => {
    const { content } = scenarios[5]!;
    expect(JSON.parse(JSON.stringify(content))).toEqual(content);
    expect(organismSource(grammar, ROUNDS).at(5).content).toEqual(content);
    expect(content).not.toEqual(scenarios[6]!.content);
  });
});
