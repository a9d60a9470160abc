import { isDeepStrictEqual } from 'node:util';
import { printBlueprint } from '../../architectures/index.js';
import { textTable } from '../../report/index.js';
import type { HeldWeight, Holding, WeightForm } from '../../weight-forms.js';
import type { Paint } from '../terminal/index.js';
import { printBytes } from '../terminal/index.js';
import type { InspectReport } from './report.js';
import type { TemplateReport } from './template-probe.js';

/** An accuracy loss that the weights' own errors do not include. */
const ROUNDED_ACTIVATIONS =
  '  blocks (q4, q8): the cpu executor rounds activations to 8 bits, the gpu executor does not';

/**
 * Returns an inspection as text.
 * @param each whether to list every tensor
 */
export function printInspection(report: InspectReport, each: boolean, paint: Paint): string {
  const { memory, tensors } = report;
  const heading = (text: string): string => paint(text, 'bold');
  return [
    heading(`${report.model} (${report.format}, ${printBytes(report.fileBytes)})`),
    printBlueprint(report.blueprint),
    '',
    heading('stored'),
    ...tensors.map(
      ({ type, count, bytes }) => `  ${type}: ${printCount(count, 'tensor')}, ${printBytes(bytes)}`,
    ),
    ...printForms(report).flatMap(({ where, lines }) => [heading(where), ...lines]),
    ...(report.forms.cpu.some(({ form }) => form.startsWith('q')) ? [ROUNDED_ACTIVATIONS] : []),
    ...(each ? [heading('tensors'), ...printTensors(report)] : []),
    heading(`memory for ${memory.contextLength} tokens`),
    `  ${printWeightBytes(memory.weightBytes)} of weights, ${printBytes(memory.cacheBytes)} of keys and values`,
    heading('chat template'),
    `  ${printTemplate(report.template)}`,
    heading('tokenizer'),
    ...printTokenizer(report).map((line) => `  ${line}`),
    '',
  ].join('\n');
}

/** One list per executor, or one for both when they store the weights alike. */
function printForms({ precision, forms: { cpu, gpu } }: InspectReport): { where: string; lines: string[] }[] {
  const linesOf = (forms: readonly WeightForm[]): string[] =>
    forms.map(
      ({ type, form, count, bytes, relativeError }) =>
        `  ${type} → ${form}: ${printCount(count, 'weight')}, ${printBytes(bytes)}, ${printError(relativeError)}`,
    );
  const [onCpu, onGpu] = [linesOf(cpu), linesOf(gpu)];
  if (isDeepStrictEqual(onCpu, onGpu))
    return [{ where: `in the cpu and gpu executors at precision ${precision}`, lines: onCpu }];
  return [
    { where: `in the cpu executor at precision ${precision}`, lines: onCpu },
    { where: `in the gpu executor at precision ${precision}`, lines: onGpu },
  ];
}

function printTensors({ weights }: InspectReport): string[] {
  const both = (of: (holding: Holding) => string, { cpu, gpu }: HeldWeight['held']): string =>
    of(cpu) === of(gpu) ? of(cpu) : `${of(cpu)} (cpu), ${of(gpu)} (gpu)`;
  const rows = weights.map(({ name, tensor, type, shape, held }) => [
    `  ${name}`,
    ...[tensor, shape.join(' × '), type],
    both(({ form }) => form, held),
    both(({ relativeError }) => printError(relativeError), held),
  ]);
  const heading = ['  weight', 'tensor', 'shape', 'stored', 'held', 'accuracy'];
  return textTable({ heading, rows, wordy: [1, 3, 4, 5] });
}

function printWeightBytes({ cpu, gpu }: InspectReport['memory']['weightBytes']): string {
  return cpu === gpu ? printBytes(cpu) : `${printBytes(cpu)} (cpu) or ${printBytes(gpu)} (gpu)`;
}

const printCount = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/** Rounding to f32 changes a value by at most 6e-8 of it; larger errors come from quantisation. */
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

function printTokenizer({ tokenizer, tokenizerProblem }: InspectReport): string[] {
  if (tokenizer === null) return [tokenizerProblem ?? ''];
  const { vocabSize, addsBos, bos, eos, unk, pad, special, endOfTurnIds } = tokenizer;
  const named = Object.entries({ bos, eos, unk, pad }).flatMap(([name, token]) =>
    token === null ? [] : [`${name} ${token.text} ${token.id}`],
  );
  const textOf = new Map(special.map(({ id, text }) => [id, text]));
  return [
    `${vocabSize} tokens, ${special.length} of them special${addsBos ? '; texts begin with the bos token' : ''}`,
    ...(named.length === 0 ? [] : [named.join(', ')]),
    `an answer ends at ${endOfTurnIds.map((id) => `${textOf.get(id) ?? ''} ${id}`.trim()).join(', ')}`,
  ];
}
