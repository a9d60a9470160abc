import { z } from 'zod';
import { HoldfastError } from '../errors.js';
import type { RopeBlueprint, RopeScaling } from './blueprint.js';
import type { Family, Refusal } from './family.js';
import { parse } from './parse.js';
import { refuse, unlessRead } from './refusals.js';
import { longropeAttentionFactor } from './rope.js';

const positive = z.number().positive();
const divisors = z.array(positive).nullish();

/** A set of rope parameters, as written by transformers 5 (`rope_type`) or 4 (`type`, no `rope_theta`). */
const parametersSchema = z.looseObject({
  rope_type: z.string().optional(),
  type: z.string().optional(),
  rope_theta: positive.nullish(),
  factor: positive.nullish(),
  low_freq_factor: positive.nullish(),
  high_freq_factor: positive.nullish(),
  original_max_position_embeddings: positive.nullish(),
  beta_fast: positive.nullish(),
  beta_slow: positive.nullish(),
  attention_factor: positive.nullish(),
  mscale: z.number().nonnegative().nullish(),
  mscale_all_dim: z.number().nonnegative().nullish(),
  truncate: z.boolean().nullish(),
  short_factor: divisors,
  long_factor: divisors,
  partial_rotary_factor: positive.max(1).nullish(),
});
type RopeParameters = z.infer<typeof parametersSchema>;

const REFUSALS: readonly Refusal[] = [
  {
    field: 'partial_rotary_factor',
    refuses: (value) => value !== 1,
    feature: 'rotary embedding on a part of each head',
  },
  { field: 'mrope_section', refuses: () => true, feature: 'rotary embedding in sections' },
  { field: 'llama_4_scaling_beta', refuses: () => true, feature: 'attention temperature tuning' },
];

/** The rope fields of config.json, of transformers 4 and 5. */
interface RopeFields {
  /** transformers 5: one set, or one per layer type. */
  readonly rope_parameters?: Readonly<Record<string, unknown>> | null | undefined;
  /** transformers 4: only the scaling. */
  readonly rope_scaling?: Readonly<Record<string, unknown>> | null | undefined;
  readonly rope_theta?: number | null | undefined;
  /** transformers 4, Gemma 3: the base of sliding layers. */
  readonly rope_local_base_freq?: number | null | undefined;
  readonly original_max_position_embeddings?: number | null | undefined;
  readonly partial_rotary_factor?: number | null | undefined;
  readonly max_position_embeddings: number;
}

/**
 * Reads the rope of full and of sliding layers from config.json.
 * @param family default bases, and whether the family supports rotating a part of each head
 * @throws HoldfastError `E_CONFIG`, `E_UNSUPPORTED`
 */
export function ropeFromConfig(
  config: RopeFields,
  family: Pick<Family, 'ropeBase' | 'slidingRopeBase' | 'ownFields'>,
  headDim: number,
  file: string,
): { readonly rope: RopeBlueprint; readonly slidingRope: RopeBlueprint } {
  const refusals = unlessRead(REFUSALS, Object.keys(family.ownFields));
  const read = (value: unknown, field: string, base: number): RopeBlueprint => {
    const parameters = parse(parametersSchema, value ?? {}, file, field);
    refuse(refusals, (name) => parameters[name], file, `${field}.`);
    const part = parameters.partial_rotary_factor ?? config.partial_rotary_factor ?? 1;
    return {
      base: parameters.rope_theta ?? base,
      rotaryDim: Math.floor(headDim * part),
      scaling: scalingFromParameters(parameters, config, file, field),
    };
  };

  const base = config.rope_theta ?? family.ropeBase;
  const slidingBase =
    family.slidingRopeBase === null ? null : (config.rope_local_base_freq ?? family.slidingRopeBase);
  const scaling = config.rope_scaling ?? {};
  // As in transformers, `rope_scaling` takes precedence if a file has both.
  const field = Object.keys(scaling).length > 0 ? 'rope_scaling' : 'rope_parameters';
  const parameters = field === 'rope_scaling' ? scaling : (config.rope_parameters ?? {});

  if (Object.hasOwn(parameters, 'full_attention') || Object.hasOwn(parameters, 'sliding_attention')) {
    return {
      rope: read(parameters.full_attention, `${field}.full_attention`, base),
      slidingRope: read(parameters.sliding_attention, `${field}.sliding_attention`, slidingBase ?? base),
    };
  }
  const rope = read(parameters, field, base);
  // In a family with two bases, the scaling applies to the first only.
  return { rope, slidingRope: slidingBase === null ? rope : { ...rope, base: slidingBase, scaling: null } };
}

function scalingFromParameters(
  parameters: RopeParameters,
  config: RopeFields,
  file: string,
  field: string,
): RopeScaling | null {
  const type = parameters.rope_type ?? parameters.type ?? 'default';
  const read = SCALINGS.get(type);
  if (read === undefined) {
    throw new HoldfastError('E_UNSUPPORTED', `rope scaling "${type}" is not supported`, {
      file,
      field: `${field}.rope_type`,
      hint: `Supported are ${[...SCALINGS.keys()].join(', ')}`,
    });
  }
  const demand: Demand = (name) => {
    const value = parameters[name];
    if (value !== null && value !== undefined) return value;
    throw new HoldfastError('E_CONFIG', `rope scaling "${type}" needs ${name}`, {
      file,
      field: `${field}.${name}`,
    });
  };
  const originalContextLength =
    config.original_max_position_embeddings ??
    parameters.original_max_position_embeddings ??
    config.max_position_embeddings;
  return read(parameters, demand, originalContextLength, config);
}

/** Returns a parameter that the rope type requires. */
type Demand = <Name extends keyof RopeParameters>(name: Name) => NonNullable<RopeParameters[Name]>;

type ReadScaling = (
  parameters: RopeParameters,
  demand: Demand,
  originalContextLength: number,
  config: RopeFields,
) => RopeScaling | null;

const readYarn: ReadScaling = (parameters, _, originalContextLength, config) => {
  const factor = parameters.factor ?? config.max_position_embeddings / originalContextLength;
  return {
    type: 'yarn',
    factor,
    originalContextLength,
    betaFast: parameters.beta_fast ?? 32,
    betaSlow: parameters.beta_slow ?? 1,
    attentionFactor: parameters.attention_factor ?? attentionFactorOfMscales(parameters, factor),
    truncate: parameters.truncate ?? true,
  };
};

const readLongrope: ReadScaling = (parameters, demand, originalContextLength, config) => {
  const factor = parameters.factor ?? config.max_position_embeddings / originalContextLength;
  return {
    type: 'longrope',
    short: demand('short_factor'),
    long: demand('long_factor'),
    originalContextLength,
    attentionFactor: parameters.attention_factor ?? longropeAttentionFactor(factor, originalContextLength),
  };
};

const SCALINGS: ReadonlyMap<string, ReadScaling> = new Map<string, ReadScaling>([
  ['default', () => null],
  ['linear', (_, demand) => ({ type: 'linear', factor: demand('factor') })],
  [
    'dynamic',
    // As in transformers, which uses the model's context length and ignores any other original length in the file.
    (_, demand, __, config) => ({
      type: 'dynamic',
      factor: demand('factor'),
      originalContextLength: config.max_position_embeddings,
    }),
  ],
  [
    'llama3',
    (_, demand, originalContextLength) => ({
      type: 'llama3',
      factor: demand('factor'),
      lowFrequencyFactor: demand('low_freq_factor'),
      highFrequencyFactor: demand('high_freq_factor'),
      originalContextLength,
    }),
  ],
  ['yarn', readYarn],
  ['longrope', readLongrope],
  // Early files of Phi-3 use this name.
  ['su', readLongrope],
]);

/** Returns the attention factor from DeepSeek's two fields. As in transformers, null if either is missing or zero. */
function attentionFactorOfMscales({ mscale, mscale_all_dim }: RopeParameters, factor: number): number | null {
  if (!mscale || !mscale_all_dim) return null;
  const mscaleOf = (weight: number): number => (factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1);
  return mscaleOf(mscale) / mscaleOf(mscale_all_dim);
}
