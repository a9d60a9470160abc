import type { Command } from 'commander';
import {
  type Blueprint,
  kvBytesPerToken,
  parameterCount,
  planModel,
  printBlueprint,
} from '../architectures/index.js';
import { HoldfastError } from '../errors.js';
import { PRECISIONS, type Precision, parsePrecision } from '../executors/index.js';
import type { Checkpoint, TensorType } from '../formats/index.js';
import { openModel } from '../hub/index.js';
import { findTemplate, findTokenizer } from '../model-text.js';
import type { NamedToken, Tokenizer } from '../text/index.js';
import { positiveInteger } from './arguments.js';
import { type Paint, painter } from './colour.js';
import { addModelArgument, modelPath } from './model-argument.js';
import { printBytes } from './print-bytes.js';
import { probeTemplate, type TemplateReport } from './template-probe.js';
import { type WeightForm, weightForms } from './weight-forms.js';

interface InspectOptions {
  readonly json?: true;
  readonly context?: number;
  readonly precision?: string;
}

interface TokenizerReport {
  readonly vocabSize: number;
  readonly addsBos: boolean;
  readonly bos: NamedToken | null;
  readonly eos: NamedToken | null;
  readonly unk: NamedToken | null;
  readonly pad: NamedToken | null;
  /** All control tokens. */
  readonly special: readonly NamedToken[];
  readonly endOfTurnIds: readonly number[];
}

interface InspectReport {
  readonly model: string;
  readonly format: Checkpoint['format'];
  readonly fileBytes: number;
  readonly blueprint: Blueprint;
  readonly parameters: number;
  /** What the file stores. */
  readonly tensors: readonly { readonly type: TensorType; readonly count: number; readonly bytes: number }[];
  /** What becomes of it in the cpu executor. */
  readonly precision: Precision;
  readonly weights: readonly WeightForm[];
  readonly memory: {
    readonly contextLength: number;
    readonly weightBytes: number;
    /** Keys and values, f32. */
    readonly cacheBytes: number;
  };
  readonly template: TemplateReport;
  /** Null when the model has none. */
  readonly tokenizer: TokenizerReport | null;
}

export function registerInspect(program: Command): void {
  const command = program
    .command('inspect')
    .description('show what a model is, what becomes of its weights, and the memory it takes');
  addModelArgument(command)
    .option('--context <n>', 'tokens to count memory for (what the model was made for)', positiveInteger)
    .option('--precision <p>', `how the cpu executor is to hold weights: ${PRECISIONS.join(', ')} (auto)`)
    .option('--json', 'write the same as JSON')
    .action(async (named: string | undefined, options: InspectOptions) => {
      const report = await inspect(named, options);
      process.stdout.write(
        options.json ? `${JSON.stringify(report)}\n` : print(report, painter(process.stdout)),
      );
    });
}

async function inspect(named: string | undefined, options: InspectOptions): Promise<InspectReport> {
  const precision = parsePrecision(options.precision ?? 'auto');
  const path = await modelPath(named);
  const files = await openModel(path);
  try {
    const { checkpoint } = files;
    const plan = await planModel(checkpoint, files.config);
    const { blueprint } = plan;
    const contextLength = options.context ?? blueprint.contextLength;
    if (contextLength > blueprint.contextLength) {
      throw new HoldfastError(
        'E_USAGE',
        `the model was made for ${blueprint.contextLength} tokens, not ${contextLength}`,
        {
          field: '--context',
        },
      );
    }
    const tokenizer = findTokenizer(files);
    const weights = await weightForms(plan, checkpoint, precision);
    return {
      ...{ model: path, format: checkpoint.format, fileBytes: files.fileBytes },
      ...{ blueprint, parameters: parameterCount(blueprint), tensors: tensorsByType(checkpoint) },
      ...{ precision, weights },
      memory: {
        contextLength,
        weightBytes: weights.reduce((sum, { bytes }) => sum + bytes, 0),
        cacheBytes: kvBytesPerToken(blueprint) * contextLength,
      },
      template: probeTemplate(tokenizer, findTemplate(files)),
      tokenizer: tokenizer === null ? null : tokenizerReport(tokenizer),
    };
  } finally {
    await files.close();
  }
}

function tensorsByType({ tensors }: Checkpoint): InspectReport['tensors'] {
  const groups = new Map<TensorType, { count: number; bytes: number }>();
  for (const { type, byteLength } of tensors.values()) {
    const { count, bytes } = groups.get(type) ?? { count: 0, bytes: 0 };
    groups.set(type, { count: count + 1, bytes: bytes + byteLength });
  }
  return [...groups].map(([type, group]) => ({ type, ...group }));
}

function tokenizerReport(tokenizer: Tokenizer): TokenizerReport {
  const { vocabSize, addsBos, bos, eos, unk, pad, endOfTurnIds, addedTokens } = tokenizer;
  const special = addedTokens
    .filter((token) => token.special)
    .map(({ id, content }) => ({ id, text: content }));
  return { vocabSize, addsBos, bos, eos, unk, pad, special, endOfTurnIds };
}

function print(report: InspectReport, paint: Paint): string {
  const { precision, weights, memory, tensors } = report;
  const heading = (text: string): string => paint(text, 'bold');
  return [
    heading(`${report.model} (${report.format}, ${printBytes(report.fileBytes)})`),
    printBlueprint(report.blueprint),
    '',
    heading('stored'),
    ...tensors.map(
      ({ type, count, bytes }) => `  ${type}: ${printCount(count, 'tensor')}, ${printBytes(bytes)}`,
    ),
    heading(`in the cpu executor at precision ${precision}`),
    ...weights.map(
      ({ type, form, count, bytes, relativeError }) =>
        `  ${type} → ${form}: ${printCount(count, 'weight')}, ${printBytes(bytes)}, ${printError(relativeError)}`,
    ),
    heading(`memory for ${memory.contextLength} tokens`),
    `  ${printBytes(memory.weightBytes)} of weights, ${printBytes(memory.cacheBytes)} of keys and values`,
    heading('chat template'),
    `  ${printTemplate(report.template)}`,
    heading('tokenizer'),
    ...printTokenizer(report.tokenizer).map((line) => `  ${line}`),
    '',
  ].join('\n');
}

const printCount = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/** Rounding to f32 is 6e-8 of a value at most; more is the work of coarser blocks. */
function printError(relativeError: number): string {
  if (relativeError === 0) return 'exact';
  const digits = relativeError.toExponential(1);
  return relativeError < 1e-6 ? `exact to f32 (${digits})` : `off by ${digits} (RMS, relative)`;
}

function printTemplate({ problem, roles, generationPrompt }: TemplateReport): string {
  if (problem !== null || roles === null) return problem ?? '';
  const verdicts = Object.entries(roles).map(([role, verdict]) => `${role} ${verdict}`);
  return `${verdicts.join(', ')}; opens an answer with ${JSON.stringify(generationPrompt)}`;
}

function printTokenizer(report: TokenizerReport | null): string[] {
  if (report === null) return ['the model has none'];
  const { vocabSize, addsBos, bos, eos, unk, pad, special, endOfTurnIds } = report;
  const named = Object.entries({ bos, eos, unk, pad }).flatMap(([name, token]) =>
    token === null ? [] : [`${name} ${token.text} ${token.id}`],
  );
  const textOf = new Map(special.map(({ id, text }) => [id, text]));
  return [
    `${vocabSize} tokens, ${special.length} of them special${addsBos ? '; texts begin with the bos' : ''}`,
    ...(named.length === 0 ? [] : [named.join(', ')]),
    `an answer ends at ${endOfTurnIds.map((id) => `${textOf.get(id) ?? ''} ${id}`.trim()).join(', ')}`,
  ];
}
