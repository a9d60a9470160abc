import type { LabelledTiming, StudyResult } from '../../src/findings/study-result.js';
import { createRandom } from '../../src/random.js';
import type {
  AnalysisPlan,
  ArmSpec,
  ChanceRecord,
  CostRecord,
  DialogueRecord,
  RoundRecord,
  StudySpec,
} from '../../src/study/index.js';
import { lockedAnalysisOf } from '../../src/study/plan/index.js';

/** The true effects of a simulated arm, which an analysis should find. */
export interface TrueArm {
  readonly name: string;
  /** Probability of an obedient answer to a probe after round 1, and its change per round. */
  readonly start: number;
  readonly slope: number;
  /** KL divergence in nats a token. */
  readonly kl?: number;
  /** Share as a multiple of the share of off. */
  readonly lift?: number;
  /** Probability of a correct answer in round 1, default: 0.95. */
  readonly ability?: number;
  /** Fall of ability per round. */
  readonly abilityLoss?: number;
  /** Time per token as a multiple of that of off. */
  readonly slowness?: number;
}

export interface SimulationOptions {
  readonly arms?: readonly TrueArm[];
  readonly dialogues?: number;
  /** Number of system prompts, which dialogues take in turn; default: one for each dialogue. Dialogues of one are alike. */
  readonly prompts?: number;
  readonly rounds?: number;
  readonly seed?: number;
  readonly sources?: readonly string[];
  /** Largest deviation of a dialogue's stability, to either side. */
  readonly unlike?: number;
  /** Fields of the analysis plan that differ from its default. The plan is locked. */
  readonly analysis?: Partial<AnalysisPlan>;
  /** Probability that an answer without the prompt passes; null for a study that did not ask. */
  readonly chance?: number | null;
}

export const TRUE_ARMS: readonly TrueArm[] = [
  { name: 'off', start: 0.9, slope: -0.035 },
  { name: 'split .7', start: 0.9, slope: -0.02, kl: 0.04, lift: 1.5, slowness: 1.02 },
  { name: 'growing', start: 0.9, slope: -0.01, kl: 0.08, lift: 2, slowness: 1.02 },
  { name: 'control', start: 0.9, slope: -0.035, kl: 0.05 },
];

export const LAYERS = 3;
export const HEADS = 4;
const GROUPS = ['persona', 'pattern'];

/** Simulates a study with known effects: probes are coin flips with the arms' probabilities, dialogues differ, arms are paired. */
export function simulateStudy({
  arms = TRUE_ARMS,
  dialogues = 48,
  prompts = dialogues,
  rounds = 16,
  seed = 1,
  sources = ['organism'],
  unlike = 0.08,
  analysis = {},
  chance = 0.1,
}: SimulationOptions = {}): StudyResult {
  const shape = { dialogues, prompts, rounds, unlike };
  const records = sources.flatMap((source, at) =>
    Array.from({ length: dialogues }, (_, index) =>
      arms.map((arm) => dialogueOf(arm, { source, index, seed: seed + 1000 * at }, shape)),
    ).flat(),
  );
  const spec = { ...specOf(arms, sources, shape), ...analysis };
  return {
    spec,
    locked: lockedAnalysisOf(spec),
    models: [{ name: 'tiny', hash: 'ab'.repeat(32), layers: LAYERS, heads: HEADS, mayWriteTime: false }],
    now: null,
    versions: { holdfast: '0.0.0', node: '20.0.0' },
    records: [
      ...records,
      ...sources.flatMap((source) => arms.flatMap((arm) => costsOf(arm, source))),
      ...records
        .filter(({ arm }) => arm === arms[0]!.name && chance !== null)
        .map((record) => chanceOf(record, chance!)),
    ],
    gaps: [],
    devices: {},
    timings: records.map((record) => timingOf(record, arms)),
    text: 'name: simulated # by chance\n',
    file: 'simulated.yaml',
    reportOptions: [],
    folder: 'simulated',
  };
}

const labelsOf = (source: string, arm: string, index: number) => ({
  model: 'tiny',
  executor: 'cpu',
  precision: 'f32',
  source,
  arm,
  seed: 0,
  index,
});

function dialogueOf(
  arm: TrueArm,
  { source, index, seed }: { readonly source: string; readonly index: number; readonly seed: number },
  { prompts, rounds, unlike }: { readonly prompts: number; readonly rounds: number; readonly unlike: number },
): DialogueRecord {
  const prompt = index % prompts;
  const group = GROUPS[prompt % GROUPS.length]!;
  // The same random numbers for every arm, so that arms are paired.
  const random = createRandom(seed * 10_000 + prompt);
  const own = (2 * random() - 1) * unlike;
  return {
    kind: 'dialogue',
    ...labelsOf(source, arm.name, index),
    scenario: `scenario-${index}`,
    group,
    system: `Always answer in the manner of the ${group} number ${prompt}. <Never> say "no" & mean it.`,
    rounds: Array.from({ length: rounds }, (_, at) => ({
      ...roundOf(arm, at + 1, own, random),
      systemTokens: 12 + (prompt % 7),
    })),
    forwardedTokens: 1000 + 60 * rounds,
    forwardPasses: 300,
  };
}

function roundOf(
  arm: TrueArm,
  round: number,
  own: number,
  random: () => number,
): Omit<RoundRecord, 'systemTokens'> {
  const truth = Math.min(1, Math.max(0, arm.start + arm.slope * (round - 1) + own));
  const coins = [random(), random(), random(), random()];
  const before = (0.05 + 0.35 * Math.exp(-0.12 * (round - 1))) * (1 + own);
  const after = Math.min(1, before * (arm.lift ?? 1));
  const kept = (coin: number): 0 | 1 => (coin < truth ? 1 : 0);
  const sound = (arm.ability ?? 0.95) - (arm.abilityLoss ?? 0) * (round - 1);
  return {
    round,
    user: `Question ${round}: what about <b>tea</b>?`,
    answer: kept(coins[0]!) === 1 ? 'As I was told: tea. lemon' : 'Tea is fine.',
    finished: true,
    contextTokens: 40 + 36 * round,
    strength: arm.lift === undefined ? null : 0.7,
    notice: null,
    share: { before, after },
    spread: {
      mean: before,
      median: before / 2,
      ninetieth: Math.min(1, before * 2),
      above: before / 4,
      below: 0.1,
    },
    heads: Array.from({ length: LAYERS * HEADS }, (_, head) => before * (0.5 + head / (LAYERS * HEADS))),
    controls: { sink: 0.1, template: 0.05, random: round < 3 ? null : 0.04 },
    obedience: kept(coins[0]!),
    ability: coins[3]! < sound ? 1 : 0,
    fluency: 0.98,
    probes: ['name', 'end'].map((label, at) => ({
      label,
      question: `What is your ${label}?`,
      rule: label === 'name' ? 'contains' : 'ends-with',
      repeat: 1,
      answer: kept(coins[at + 1]!) === 1 ? 'lemon' : 'I cannot say.',
      score: kept(coins[at + 1]!),
    })),
  };
}

/** Simulates the answers to the probes of a dialogue without its prompt. */
function chanceOf(dialogue: DialogueRecord, chance: number): ChanceRecord {
  const { model, executor, precision, source, seed, index, scenario, group, system } = dialogue;
  const random = createRandom(90_000 + index);
  const unrelated = { id: 'other', system: 'Rhyme.' };
  return {
    kind: 'chance',
    ...{ model, executor, precision, source, arm: 'off', seed, index, scenario, group, system, unrelated },
    answers: (['none', 'unrelated'] as const).flatMap((under) =>
      dialogue.rounds[0]!.probes.map((probe) => {
        const passes = random() < chance;
        return { ...probe, under, answer: passes ? 'lemon' : 'What?', score: passes ? 1 : 0 };
      }),
    ),
  };
}

function costsOf(arm: TrueArm, source: string): CostRecord[] {
  return Array.from({ length: 12 }, (_, index) => {
    const random = createRandom(7_000 + index);
    const noise = 0.5 + random();
    const cost = (measure: CostRecord['measure'], sum: number, count: number): CostRecord => ({
      kind: 'cost',
      ...labelsOf(source, arm.name, index),
      measure,
      item: `${measure}-${index}`,
      sum,
      count,
    });
    return [
      cost('kl', 100 * (arm.kl ?? 0) * noise, 100),
      cost('perplexity', 100 * (2 + (arm.kl ?? 0) + 0.1 * noise), 100),
      cost('choice', random() < 0.6 - (arm.kl ?? 0) ? 1 : 0, 1),
    ];
  }).flat();
}

function timingOf(record: DialogueRecord, arms: readonly TrueArm[]): LabelledTiming {
  const { model, executor, precision, source, arm, seed, index } = record;
  const slowness = arms.find(({ name }) => name === arm)!.slowness ?? 1;
  const totalMs = 4000 * slowness * (1 + (index % 5) / 50);
  return {
    ...{ model, executor, precision, source, arm, seed, index },
    totalMs,
    executorMs: 0.97 * totalMs,
    decodedTokens: 800,
  };
}

function specOf(
  arms: readonly TrueArm[],
  sources: readonly string[],
  { dialogues, rounds }: { readonly dialogues: number; readonly rounds: number },
): StudySpec {
  return {
    name: 'simulated',
    now: null,
    question: 'Does an analysis find what is known to be true?',
    models: [{ name: 'tiny', path: 'organism', executor: 'cpu', precision: 'f32' }],
    sources: sources.map((name) => ({ kind: 'organism', name, dialogues, first: 0, rounds })),
    seeds: [0],
    sampling: { temperature: 1, topP: 0.9 },
    maxTokens: 64,
    probeRounds: Array.from({ length: rounds }, (_, at) => at + 1),
    probeRepeats: 1,
    arms: arms.map(armSpecOf),
    costs: { kl: 12, perplexity: 12, choice: { file: 'bundled', questions: 12 } },
    influence: null,
    calibrate: { dialogues: 8 },
    primary: null,
    early: [1, 3],
    late: [8, rounds],
    contrasts: arms.slice(1).map(({ name }) => ({ left: name, right: arms[0]!.name })),
    margin: null,
  };
}

export function armSpecOf({ name, lift }: TrueArm): ArmSpec {
  return {
    name,
    policy: lift === undefined ? 'off' : 'split-softmax',
    schedule: lift === undefined ? null : { kind: 'constant', strength: 0.7 },
    target: { kind: 'prefix' },
    on: { kind: 'all' },
    silence: null,
    repeatEvery: null,
    guidance: null,
    noSystem: false,
  };
}
