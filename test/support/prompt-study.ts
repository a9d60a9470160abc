import type { StudyResult } from '../../src/findings/index.js';
import { createRandom } from '../../src/random.js';
import { type ArmSpec, parseSpec } from '../../src/study/index.js';

/** A setting whose truth is known. */
export interface SimulatedArm {
  readonly name: string;
  readonly gain: number;
  readonly cost: number;
  /** What its control adds to influence; default: nothing. */
  readonly control?: number;
  /** Rounds in which the control changes nothing. */
  readonly idle?: readonly number[];
}

/** A study of one prompt whose truth is known. */
export interface Simulated {
  /** Arms besides off: what they add to the outcomes in late rounds, and their KL divergence in nats a token. */
  readonly arms: readonly SimulatedArm[];
  readonly dialogues: number;
  /** Fall of the untouched outcomes with every round; default: 0. */
  readonly fall?: number;
  readonly probed?: boolean;
  readonly seed?: number;
}

const ROUNDS = 6;

/** Returns an arm of a study with this name, such as `split-softmax, k = 0.7`. */
export function parsed(name: string, target = 'message'): ArmSpec {
  const [, policy, strength] = /^([\w-]+), \S+ = ([\d.]+)$/.exec(name)!;
  const arm = `{ policy: ${policy}, strength: ${strength}, target: '${target}' }`;
  return parseSpec(`name: x\nsources: organism\narms: [${arm}]`, 'x.yaml').arms[0]!;
}

/** Returns the control of an arm with this name. */
export const controlNamed = (name: string): ArmSpec => parsed(name, 'random:1');

/** Returns the results of a study of one prompt: influence, probes and costs, with noise. Rounds 3 to 6 are late. */
export function simulatedPromptStudy({
  arms,
  dialogues,
  fall = 0,
  probed = true,
  seed = 1,
}: Simulated): StudyResult {
  const random = createRandom(seed);
  const noise = (size: number): number => size * (random() - 0.5);
  const labels = { model: 'small', executor: 'cpu', precision: 'auto', source: 'prompt', seed: 0 };
  const controls = arms.map(({ name, control = 0, idle }) => ({
    name: controlNamed(name).name,
    gain: control,
    idle,
  }));
  const all = [
    { name: 'off', gain: 0, idle: undefined },
    ...arms.map((arm) => ({ ...arm, idle: undefined })),
    ...controls,
  ];
  const each = <T>(count: number, make: (at: number) => T): T[] =>
    Array.from({ length: count }, (_, at) => make(at));
  const records = each(dialogues, (index) => {
    const level = 0.9 + noise(0.1);
    return all.flatMap(({ name, gain, idle }) => {
      const score = (round: number): number =>
        Math.max(0, level - fall * (round - 1) + (round > 2 ? gain : 0) + noise(0.06));
      const own = { ...labels, arm: name, index, scenario: `own-${index}`, system: 'Hold.' };
      const reference = (called: string) => ({
        name: called,
        system: null,
        rounds: each(ROUNDS, (at) => ({ round: at + 1, sum: 10 * score(at + 1), count: 10 })),
      });
      return [
        {
          ...own,
          kind: 'influence',
          references: [reference('others'), reference('none')],
          ...(idle && { idle }),
          forwardedTokens: 1,
          forwardPasses: 1,
        },
        {
          ...own,
          kind: 'dialogue',
          group: 'own',
          forwardedTokens: 1,
          forwardPasses: 1,
          rounds: each(ROUNDS, (at) => ({
            round: at + 1,
            contextTokens: 30 * (at + 1),
            share: { before: 0.4 / (at + 1), after: 0.4 / (at + 1) },
            controls: { sink: 0.1, template: 0.1, random: null },
            probes: probed
              ? [
                  {
                    label: 'own',
                    question: '?',
                    rule: null,
                    repeat: 1,
                    answer: '',
                    score: Math.min(1, score(at + 1) / 2),
                  },
                ]
              : [],
          })),
        },
      ];
    });
  }).flat();
  const costs = arms.flatMap(({ name, cost }) =>
    each(12, (index) => ({
      ...{ ...labels, arm: name, index, kind: 'cost', measure: 'kl', item: `own-${index}` },
      ...{ sum: 100 * cost * (1 + noise(0.2)), count: 100 },
    })),
  );
  return {
    spec: {
      ...{ name: 'choose', question: null, early: [1, 2], late: [3, ROUNDS] },
      arms: [
        parseSpec('name: x\nsources: organism\narms: [off]', 'x.yaml').arms[0]!,
        ...arms.map(({ name }) => parsed(name)),
        ...arms.map(({ name }) => controlNamed(name)),
      ],
      sources: [{ name: 'prompt', kind: 'prompt', first: 0, dialogues, rounds: ROUNDS }],
    },
    ...{ records: [...records, ...costs], gaps: [], models: [], timings: [] },
  } as unknown as StudyResult;
}
