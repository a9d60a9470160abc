import { z } from 'zod';
import { HoldfastError } from '../errors.js';
import type { RopeBlueprint, RopeScaling } from './blueprint.js';
import type { Family, Refusal } from './family.js';
import { parse } from './parse.js';
import { refuse } from './refusals.js';

const positive = z.number().positive();

/** One set of rope parameters, as transformers 5 (`rope_type`) or 4 (`type`, no `rope_theta`) writes it. */
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
});
type RopeParameters = z.infer<typeof parametersSchema>;

const REFUSALS: readonly Refusal[] = [
  {
    field: 'partial_rotary_factor',
    refuses: (value) => value !== 1,
    feature: 'rotary embedding of a part of each head',
  },
  { field: 'mrope_section', refuses: () => true, feature: 'rotary embedding in sections' },
  { field: 'llama_4_scaling_beta', refuses: () => true, feature: 'attention temperature tuning' },
];

/** What config.json says about rope, in either spelling. */
export interface RopeFields {
  /** transformers 5: one set, or one per layer type. */
  readonly rope_parameters?: Readonly<Record<string, unknown>> | null | undefined;
  /** transformers 4: the scaling alone. */
  readonly rope_scaling?: Readonly<Record<string, unknown>> | null | undefined;
  readonly rope_theta?: number | null | undefined;
  /** transformers 4, Gemma 3: the base of sliding layers. */
  readonly rope_local_base_freq?: number | null | undefined;
  readonly original_max_position_embeddings?: number | null | undefined;
  readonly max_position_embeddings: number;
}

/**
 * Rope of full and of sliding layers.
 * @param family the bases where config.json is silent
 * @throws HoldfastError `E_CONFIG`, `E_UNSUPPORTED`
 */
export function ropeFromConfig(
  config: RopeFields,
  family: Pick<Family, 'ropeBase' | 'slidingRopeBase'>,
  file: string,
): { readonly rope: RopeBlueprint; readonly slidingRope: RopeBlueprint } {
  const read = (value: unknown, field: string, base: number): RopeBlueprint =>
    ropeFromParameters(parse(parametersSchema, value ?? {}, file, field), base, config, file, field);

  const base = config.rope_theta ?? family.ropeBase;
  const slidingBase =
    family.slidingRopeBase === null ? null : (config.rope_local_base_freq ?? family.slidingRopeBase);
  const scaling = config.rope_scaling ?? {};
  // As in transformers, the old spelling wins where a file has both.
  const field = Object.keys(scaling).length > 0 ? 'rope_scaling' : 'rope_parameters';
  const parameters = field === 'rope_scaling' ? scaling : (config.rope_parameters ?? {});

  if (Object.hasOwn(parameters, 'full_attention') || Object.hasOwn(parameters, 'sliding_attention')) {
    return {
      rope: read(parameters.full_attention, `${field}.full_attention`, base),
      slidingRope: read(parameters.sliding_attention, `${field}.sliding_attention`, slidingBase ?? base),
    };
  }
  const rope = read(parameters, field, base);
  // A family with a second base scales the first alone.
  return { rope, slidingRope: slidingBase === null ? rope : { base: slidingBase, scaling: null } };
}

function ropeFromParameters(
  parameters: RopeParameters,
  defaultBase: number,
  config: RopeFields,
  file: string,
  field: string,
): RopeBlueprint {
  refuse(REFUSALS, (name) => parameters[name], file, `${field}.`);
  const type = parameters.rope_type ?? parameters.type ?? 'default';
  const read = SCALINGS.get(type);
  if (read === undefined) {
    throw new HoldfastError('E_UNSUPPORTED', `rope scaling "${type}" is not supported`, {
      file,
      field: `${field}.rope_type`,
      hint: `Supported are ${[...SCALINGS.keys()].join(', ')}`,
    });
  }
  const demand = (name: 'factor' | 'low_freq_factor' | 'high_freq_factor'): number => {
    const value = parameters[name];
    if (typeof value === 'number') return value;
    throw new HoldfastError('E_CONFIG', `rope scaling "${type}" needs ${name}`, {
      file,
      field: `${field}.${name}`,
    });
  };
  const originalContextLength =
    config.original_max_position_embeddings ??
    parameters.original_max_position_embeddings ??
    config.max_position_embeddings;
  return {
    base: parameters.rope_theta ?? defaultBase,
    scaling: read(parameters, demand, originalContextLength, config),
  };
}

type ReadScaling = (
  parameters: RopeParameters,
  demand: (name: 'factor' | 'low_freq_factor' | 'high_freq_factor') => number,
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

const SCALINGS: ReadonlyMap<string, ReadScaling> = new Map<string, ReadScaling>([
  ['default', () => null],
  ['linear', (_, demand) => ({ type: 'linear', factor: demand('factor') })],
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
]);

/** DeepSeek's way to state the factor; null where either is missing or zero, as in transformers. */
function attentionFactorOfMscales({ mscale, mscale_all_dim }: RopeParameters, factor: number): number | null {
  if (!mscale || !mscale_all_dim) return null;
  const mscaleOf = (weight: number): number => (factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1);
  return mscaleOf(mscale) / mscaleOf(mscale_all_dim);
}
