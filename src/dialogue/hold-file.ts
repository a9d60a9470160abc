import { z } from 'zod';
import { parseTarget, policyText, type Target, targetName } from '../attention/index.js';
import { parsedFile } from './parsed-file.js';
import { count, fitsPolicy, indices, pair, policy, schedule, target } from './setting-schemas.js';
import { CACHE_KINDS, policyChoice, type SteeringOptions } from './settings-options.js';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 has 64 hexadecimal digits');
/** A value with its 95 % interval. */
const estimate = z.strictObject({ value: z.number(), low: z.number(), high: z.number() });
/** How many dialogues a number rests on, and how many system prompts they have. */
const sample = z.strictObject({ dialogues: count, prompts: count });

/** Why the settings are what they are. */
const evidence = z.strictObject({
  /** What was compared, with its unit. */
  outcome: z.string(),
  /** The settings that were tested. */
  tested: z.string(),
  /**
   * The gain: held minus untouched, or minus a control if `outcome` names one, on dialogues on which nothing was chosen. Null if
   * nothing reached this test.
   */
  gain: estimate.nullable(),
  /** The p-value of the gain; null without one. */
  p: z.number().nullable(),
  /** KL divergence of the untouched model's next token from the held one's, nats a token; null if not measured. */
  cost: estimate.nullable(),
  /** The largest allowed cost, nats a token; null if there was none. */
  budget: z.number().nullable(),
  /** Rounds of a dialogue. */
  rounds: count,
  /** The dialogues on which the settings were chosen; null if they were not chosen on dialogues. */
  chosenOn: sample.nullable(),
  /** The dialogues of the gain. */
  testedOn: sample.nullable(),
  executor: z.string(),
  precision: z.string(),
});

/** How the model is steered: a part of a chat's settings. */
const settings = z.strictObject({
  policy,
  schedule: schedule.nullable(),
  target,
  layers: indices,
  heads: indices,
  /** Single heads, instead of layers and heads. */
  pairs: z.array(pair).nullable(),
  /** What the policy leaves in the cache; absent in older files: held. */
  cache: z.enum(CACHE_KINDS).optional(),
});

const holdFile = z
  .strictObject({
    format: z.literal('holdfast-hold'),
    version: z.literal(1),
    /** The version of Holdfast that wrote the file. */
    library: z.string(),
    /** The day on which it was written. */
    date: z.iso.date(),
    /** `nothing helps`: no tried setting was shown to help, so the policy is off. `not tested`: the settings were chosen by hand. */
    verdict: z.enum(['helps', 'nothing helps', 'not tested']),
    settings,
    model: z.strictObject({
      name: z.string(),
      /** SHA-256 over the weight files, hex. */
      hash: sha256,
      layers: count,
      /** Query heads per layer. */
      heads: count,
    }),
    /** SHA-256 of the system prompt in UTF-8, hex; null if the file is not about a single prompt. */
    prompt: sha256.nullable(),
    /** Null for settings that were not tested. */
    evidence: evidence.nullable(),
  })
  .refine(({ verdict, evidence }) => (verdict === 'not tested') === (evidence === null), {
    message: 'the evidence is null if, and only if, the hold was not tested',
    path: ['evidence'],
  })
  .refine(({ verdict, settings }) => (verdict === 'nothing helps') === (settings.policy === 'off'), {
    message: 'the policy is off if, and only if, nothing helps',
    path: ['settings', 'policy'],
  })
  .refine(({ settings: { policy, schedule } }) => fitsPolicy(policy, schedule), {
    message: 'the schedule does not fit the policy',
    path: ['settings', 'schedule'],
  })
  .refine(({ settings: { policy, cache } }) => policy !== 'off' || cache !== 'clean', {
    message: 'without a policy, nothing changes the cache',
    path: ['settings', 'cache'],
  })
  .refine(({ settings: { pairs, layers, heads } }) => pairs === null || (layers ?? heads) === null, {
    message: 'pairs cannot be combined with layers or heads',
    path: ['settings', 'pairs'],
  });

/** How to hold a model to its system prompt, with the evidence for it: what `--hold FILE` takes. */
export type HoldFile = z.infer<typeof holdFile>;
/** The evidence in a {@link HoldFile}. */
export type HoldEvidence = z.infer<typeof evidence>;
/** The settings in a {@link HoldFile}. */
export type HoldSettings = z.infer<typeof settings>;

/**
 * Reads a hold from parsed JSON. {@link applyHold} checks it against a model.
 * @param file the name for errors
 * @throws HoldfastError `E_HOLD` naming the invalid field
 */
export function readHold(json: unknown, file?: string): HoldFile {
  return parsedFile(holdFile, json, file, {
    ...{ code: 'E_HOLD', what: 'a hold' },
    hint: 'holdfast calibrate writes such files',
  });
}

/** Returns a hold as the text of its file. The same hold always has the same bytes. */
export function holdText(hold: HoldFile): string {
  // Parsing puts the keys into the order of the schema.
  return `${JSON.stringify(holdFile.parse(hold), null, 2)}\n`;
}

/** Returns steering options as the settings of a hold. */
export function holdSettingsOf({
  policy = 'off',
  schedule,
  strength,
  target,
  layers,
  heads,
  pairs,
  cache,
}: SteeringOptions & { readonly target: Target }): HoldSettings {
  return {
    policy,
    schedule: strength === undefined ? (schedule ?? null) : { kind: 'constant', strength },
    target: targetName(target),
    layers: layers ? [...layers] : null,
    heads: heads ? [...heads] : null,
    pairs: pairs ? pairs.map(([layer, head]) => [layer, head]) : null,
    ...(cache && { cache }),
  };
}

/** Returns the settings of a hold as options of a chat. */
export function holdOptions({
  settings: { policy, schedule, target, layers, heads, pairs, cache },
}: Pick<HoldFile, 'settings'>): SteeringOptions {
  const choice = policyChoice(policy, schedule);
  const selection = pairs === null ? { ...(layers && { layers }), ...(heads && { heads }) } : { pairs };
  return { ...choice, target: parseTarget(target), ...selection, ...(cache && { cache }) };
}

/** Describes what a hold does, e.g. `split-softmax, k = 0.7 on the message, layers 2 4`. */
export function holdWords({ settings }: Pick<HoldFile, 'settings'>): string {
  const { policy, target, layers, heads, pairs, cache } = settings;
  if (policy === 'off') return 'off';
  return [
    `${policyText(settings)} on the target ${target}`,
    layers === null ? null : `layers ${layers.join(' ')}`,
    heads === null ? null : `heads ${heads.join(' ')}`,
    pairs === null ? null : `heads ${pairs.map(([layer, head]) => `${layer}.${head}`).join(' ')}`,
    cache === 'clean' ? 'clean cache' : null,
  ]
    .filter((part) => part !== null)
    .join(', ');
}
