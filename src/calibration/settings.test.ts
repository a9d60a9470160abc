import { describe, expect, it } from 'vitest';
import { parseSpec, type StudySpec } from '../study/index.js';
import { auditText, choosingText, confirmingText, type PromptStudy } from './prompt-study.js';
import { controlOf, holdSettings, isControl, triedArms } from './settings.js';

const STUDY: PromptStudy = {
  model: { name: 'small', path: '/models/small.gguf', executor: 'cpu', precision: 'auto' },
  ...{ system: 'system.txt', rules: null, users: 'everyday' },
  ...{ rounds: 10, maxTokens: 64, dialogues: 16, calibration: 8 },
};
const spec = (text: string): StudySpec => parseSpec(text, 'folder/study.yaml');

describe('the studies of a prompt', () => {
  it('try settings on any number of layers, all different, the untouched model first', () => {
    for (const layers of [1, 2, 6, 30]) {
      const { arms, costs, influence } = spec(choosingText(STUDY, triedArms(layers, true)));
      expect(arms[0]!.name).toBe('off');
      expect(arms.filter((arm) => !isControl(arm))).toHaveLength(12);
      expect(arms.filter(isControl)).toHaveLength(10);
      expect(costs.kl).toBeGreaterThanOrEqual(8);
      expect(influence).toMatchObject({ references: ['others'] });
      // Influence is measured on the untouched model's dialogues, so no other arm is led.
      for (const arm of arms.slice(1)) expect(arm.measure, arm.name).toEqual(['costs', 'influence']);
      const chosen = arms.flatMap(({ on }) => (on.kind === 'grid' ? [on.layers!] : []));
      for (const layer of chosen.flat()) expect(layer).toBeLessThan(layers);
      expect(chosen.flat().length).toBeGreaterThan(0);
    }
  });

  it('have a control for every setting: the same treatment of a random span', () => {
    const { arms } = spec(choosingText(STUDY, triedArms(6, true)));
    for (const arm of arms.filter((arm) => !isControl(arm)).slice(1)) {
      const { policy, schedule, on } = arm;
      expect(controlOf(arm, arms), arm.name).toMatchObject({
        ...{ policy, schedule, on },
        target: { kind: 'random', seed: 1 },
      });
    }
  });

  it('test a setting as it was tried against its control, as the one primary comparison', () => {
    const { arms } = spec(choosingText(STUDY, triedArms(6, true)));
    for (const setting of arms.filter((arm) => !isControl(arm)).slice(1)) {
      const control = controlOf(setting, arms)!;
      const confirming = spec(confirmingText(STUDY, { setting, control, late: [7, 10] }));
      const tested = [setting, control].map((arm) => ({ ...arm, measure: ['influence'] }));
      expect(confirming.arms.slice(1)).toEqual(tested);
      expect(confirming).toMatchObject({
        primary: 'late influence',
        late: [7, 10],
        contrasts: [{ left: setting.name, right: control.name }],
      });
      expect(confirming.sources[0]).toMatchObject({
        kind: 'prompt',
        dialogues: 16,
        rounds: 10,
        file: 'folder/system.txt',
      });
    }
  });

  it('judge where there are rules, instead of measuring influence', () => {
    const judged = { ...STUDY, rules: 'rules.yaml' };
    const { influence, sources, arms } = spec(choosingText(judged, triedArms(6, false)));
    expect(influence).toBeNull();
    expect(arms.some(isControl)).toBe(false);
    for (const arm of arms) expect(arm.measure).toBeUndefined();
    expect(sources[0]).toMatchObject({ rules: 'folder/rules.yaml' });
    const confirming = spec(confirmingText(judged, { setting: arms[1]!, control: null, late: [5, 10] }));
    expect(confirming).toMatchObject({
      primary: 'late stability',
      contrasts: [{ left: arms[1]!.name, right: 'off' }],
    });
  });

  it('of an audit have only the untouched model, and both references', () => {
    for (const rules of [null, 'rules.yaml']) {
      const { arms, influence } = spec(auditText({ ...STUDY, rules }));
      expect(arms.map(({ name }) => name)).toEqual(['off']);
      expect(influence).toMatchObject({ references: ['others', 'none'] });
    }
  });
});

describe('the settings of a hold', () => {
  it('are those of the arm', () => {
    const arms = spec(choosingText(STUDY, triedArms(6, false))).arms.slice(1);
    expect(arms.map(holdSettings)).toContainEqual({
      ...{ policy: 'split-softmax', schedule: { kind: 'constant', strength: 0.55 }, target: 'message' },
      ...{ layers: [2, 3], heads: null, pairs: null },
    });
    expect(arms.map(holdSettings)).toContainEqual({
      ...{ policy: 'sustain', schedule: null, target: 'message', layers: null, heads: null, pairs: null },
    });
  });
});
