import {
  type Blueprint,
  kvBytesPerToken,
  parameterCount,
  planModel,
  requireFiniteWeights,
  type UnusedTensors,
} from '../../architectures/index.js';
import { HoldfastError } from '../../errors.js';
import { type Precision, parsePrecision } from '../../executors/index.js';
import { PRECISE_EXECUTORS, type PreciseExecutor } from '../../executors/registry.js';
import type { Checkpoint, TensorType } from '../../formats/index.js';
import { openModel } from '../../hub/index.js';
import { findTemplate, findTokenizer, type TextFiles } from '../../model-text.js';
import type { NamedToken, Tokenizer } from '../../text/index.js';
import { type ByExecutor, formsIn, type HeldWeight, heldModel, type WeightForm } from '../../weight-forms.js';
import { modelPath } from '../options/index.js';
import { probeTemplate, type TemplateReport } from './template-probe.js';

export interface InspectOptions {
  readonly json?: true;
  readonly context?: number;
  readonly precision?: string;
  readonly tensors?: true;
}

interface CacheReport {
  readonly type: 'f32' | 'f16';
  readonly bytesPerToken: number;
  readonly bytes: number;
}

interface TokenizerReport {
  readonly vocabSize: number;
  readonly addsBos: boolean;
  readonly bos: NamedToken | null;
  readonly eos: NamedToken | null;
  readonly unk: NamedToken | null;
  readonly pad: NamedToken | null;
  /** The control tokens. */
  readonly special: readonly NamedToken[];
  readonly endOfTurnIds: readonly number[];
}

export interface InspectReport {
  readonly model: string;
  readonly format: Checkpoint['format'];
  readonly fileBytes: number;
  readonly blueprint: Blueprint;
  readonly parameters: number;
  /** Tensors in the file, counted by type. */
  readonly tensors: readonly { readonly type: TensorType; readonly count: number; readonly bytes: number }[];
  /** The tensors that the model does not need, with the reason. All others are used. */
  readonly unused: readonly UnusedTensors[];
  /** What the user should know about the files: something is odd, but does no harm. */
  readonly notes: readonly string[];
  readonly precision: Precision;
  /** How each weight is stored in memory at this precision. */
  readonly weights: readonly Omit<HeldWeight, 'squares'>[];
  /** The same, summed by executor, type and form. */
  readonly forms: ByExecutor<readonly WeightForm[]>;
  /** Why nothing is known of an executor: its libraries are not here. */
  readonly unknown: ByExecutor<string>;
  readonly memory: {
    readonly contextLength: number;
    /** Memory of the executor's own for the weights. */
    readonly weightBytes: ByExecutor<number>;
    /** Bytes of weights that stay in the mapped file. */
    readonly mappedBytes: ByExecutor<number>;
    /** Keys and values: their type, bytes for a token, and for the whole context. */
    readonly cache: ByExecutor<CacheReport>;
  };
  readonly template: TemplateReport;
  /** Null when the model has no usable tokenizer. */
  readonly tokenizer: TokenizerReport | null;
  /** Why there is no usable tokenizer; null when there is one. */
  readonly tokenizerProblem: string | null;
}

/**
 * Describes a model without running it. Reads and checks every weight.
 * @throws HoldfastError what opening the model throws; `E_TENSOR_VALUE` for a weight that is not finite; `E_USAGE` when `--context` exceeds the model's context
 */
export async function inspect(named: string | undefined, options: InspectOptions): Promise<InspectReport> {
  const precision = parsePrecision(options.precision ?? 'auto');
  const path = await modelPath(named);
  const files = await openModel(path);
  try {
    const { checkpoint } = files;
    const plan = await planModel(checkpoint, files.config);
    const { blueprint, unused, notes } = plan;
    const contextLength = options.context ?? blueprint.contextLength;
    if (contextLength > blueprint.contextLength) {
      throw new HoldfastError(
        'E_USAGE',
        `the model's context is ${blueprint.contextLength} tokens, less than ${contextLength}`,
        {
          field: '--context',
        },
      );
    }
    await requireFiniteWeights(plan, checkpoint);
    const { tokenizer, problem } = usableTokenizer(files);
    const { weights, cacheTypes, unknown } = await heldModel(plan, checkpoint, precision);
    const known = PRECISE_EXECUTORS.filter((executor) => unknown[executor] === undefined);
    const ofEach = <T>(make: (executor: PreciseExecutor) => T): ByExecutor<T> =>
      Object.fromEntries(known.map((executor) => [executor, make(executor)]));
    const forms = ofEach((executor) => formsIn(executor, weights));
    const total = (of: 'bytes' | 'mappedBytes'): ByExecutor<number> =>
      ofEach((executor) =>
        weights
          // A mapped embedding serves as the head too.
          .filter(({ name }) => of === 'bytes' || name !== 'head' || !blueprint.tiedEmbeddings)
          .reduce((sum, { held }) => sum + held[executor]![of], 0),
      );
    return {
      ...{ model: path, format: checkpoint.format, fileBytes: files.fileBytes },
      ...{ blueprint, parameters: parameterCount(blueprint), tensors: tensorsByType(checkpoint) },
      unused,
      notes: [...(checkpoint.notes ?? []), ...notes, ...(tokenizer?.notes ?? [])],
      ...{ precision, weights: weights.map(({ squares, ...weight }) => weight), forms, unknown },
      memory: {
        contextLength,
        weightBytes: total('bytes'),
        mappedBytes: total('mappedBytes'),
        cache: ofEach((executor) => cacheReport(blueprint, contextLength, cacheTypes[executor]!)),
      },
      template: probeTemplate(tokenizer, () => findTemplate(files)),
      tokenizer: tokenizer === null ? null : tokenizerReport(tokenizer),
      tokenizerProblem: problem,
    };
  } finally {
    await files.close();
  }
}

function cacheReport(blueprint: Blueprint, contextLength: number, type: CacheReport['type']): CacheReport {
  const bytesPerToken = kvBytesPerToken(blueprint, type === 'f32' ? 4 : 2);
  return { type, bytesPerToken, bytes: bytesPerToken * contextLength };
}

function tensorsByType({ tensors }: Checkpoint): InspectReport['tensors'] {
  const groups = new Map<TensorType, { count: number; bytes: number }>();
  for (const { type, byteLength } of tensors.values()) {
    const { count, bytes } = groups.get(type) ?? { count: 0, bytes: 0 };
    groups.set(type, { count: count + 1, bytes: bytes + byteLength });
  }
  return [...groups].map(([type, group]) => ({ type, ...group }));
}

/** Returns the tokenizer, or why it is not usable: the weights can be described without one. */
function usableTokenizer(files: TextFiles): { tokenizer: Tokenizer | null; problem: string | null } {
  try {
    const tokenizer = findTokenizer(files);
    return { tokenizer, problem: tokenizer === null ? 'the model has no tokenizer' : null };
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'E_TOKENIZER')
      return { tokenizer: null, problem: error.message };
    throw error;
  }
}

function tokenizerReport(tokenizer: Tokenizer): TokenizerReport {
  const { vocabSize, addsBos, bos, eos, unk, pad, endOfTurnIds, addedTokens } = tokenizer;
  const special = addedTokens
    .filter((token) => token.special)
    .map(({ id, content }) => ({ id, text: content }));
  return { vocabSize, addsBos, bos, eos, unk, pad, special, endOfTurnIds };
}
