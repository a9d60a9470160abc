import { printBlueprint } from '../../architectures/index.js';
import { grouped } from '../../grouped.js';
import { textTable } from '../../report/index.js';
import type { WeightForm } from '../../weight-forms.js';
import type { Paint } from '../terminal/index.js';
import { printBytes, printNames } from '../terminal/index.js';
import type { InspectReport } from './report.js';
import type { TemplateReport } from './template-probe.js';

/**
 * Returns an inspection as lines.
 * @param each whether to list every tensor
 */
export function inspectionLines(report: InspectReport, each: boolean, paint: Paint): string[] {
  const { memory, tensors } = report;
  const heading = (text: string): string => paint(text, 'bold');
  return [
    heading(`${report.model} (${report.format}, ${printBytes(report.fileBytes)})`),
    ...printBlueprint(report.blueprint).split('\n'),
    '',
    heading('stored'),
    ...tensors.map(
      ({ type, count, bytes }) => `  ${type}: ${printCount(count, 'tensor')}, ${printBytes(bytes)}`,
    ),
    ...printUnused(report, paint),
    ...(report.notes.length === 0 ? [] : [heading('notes'), ...report.notes.map((note) => `  ${note}`)]),
    ...printForms(report).flatMap(({ where, lines }) => [heading(where), ...lines]),
    ...printUnknown(report, paint),
    ...(each ? [heading('tensors'), ...printTensors(report)] : []),
    heading(`memory for ${memory.contextLength} tokens`),
    ...alike(memoryOf(report), ({ weights, cache }) => `${weights}, ${cache}`).map(
      ({ text, names }) => `  ${printNames(names)}: ${text}`,
    ),
    heading('chat template'),
    `  ${printTemplate(report.template)}`,
    heading('tokenizer'),
    ...printTokenizer(report).map((line) => `  ${line}`),
  ];
}

/** Less time is not shown. */
const LEAST_SHOWN_MS = 50;

/** One line per reason, with the first of its tensors. */
function printUnused({ unused }: InspectReport, paint: Paint): string[] {
  if (unused.length === 0) return [];
  const lines = unused.map(({ reason, tensors }) => {
    const names = tensors.length === 1 ? tensors[0] : `${tensors[0]} and ${tensors.length - 1} more`;
    return `  ${names}: ${reason}`;
  });
  return [paint('not used', 'bold'), ...lines];
}

/** What each executor needs for the weights, and for keys and values. */
function memoryOf({ memory, forms }: InspectReport): Record<string, { weights: string; cache: string }> {
  const executors = Object.keys(forms) as (keyof typeof forms)[];
  return Object.fromEntries(
    executors.map((executor) => {
      const mapped = memory.mappedBytes[executor]!;
      const own = printBytes(memory.weightBytes[executor]!);
      const weights = mapped === 0 ? own : `${own} and ${printBytes(mapped)} of the mapped file`;
      const { type, bytes, bytesPerToken } = memory.cache[executor]!;
      const cache = `${printBytes(bytes)} of keys and values (${type}, ${bytesPerToken} bytes a token)`;
      return [executor, { weights: `${weights} for weights`, cache }];
    }),
  );
}

/** The executors of which nothing is known. */
function printUnknown({ unknown }: InspectReport, paint: Paint): string[] {
  const names = Object.keys(unknown);
  if (names.length === 0) return [];
  const line = `  ${printNames(names)}: not available here, see holdfast doctor`;
  return [paint('not known', 'bold'), line];
}

/** One list per executor, or one for those that store the weights alike. */
function printForms({ precision, forms }: InspectReport): { where: string; lines: string[] }[] {
  const linesOf = (forms: readonly WeightForm[]): string[] =>
    forms.map(
      ({ type, form, count, bytes, mappedBytes, relativeError, activations, prepareMs }) =>
        `  ${type} → ${form}: ${[
          ...[printCount(count, 'weight'), printBytes(bytes + mappedBytes), printError(relativeError)],
          ...(activations === null ? [] : [`activations in ${activations}`]),
          ...(prepareMs < LEAST_SHOWN_MS ? [] : [`${(prepareMs / 1000).toFixed(1)} s of loading`]),
        ].join(', ')}`,
    );
  return alike(forms, (forms) => linesOf(forms).join('\n')).map(({ names, text }) => ({
    where: `in the ${printNames(names)} executor${names.length === 1 ? '' : 's'} at precision ${precision}`,
    lines: text.split('\n'),
  }));
}

/** Prints a value of each executor, and groups the executors whose texts are equal. */
function alike<T>(
  values: Readonly<Record<string, T>>,
  print: (value: T) => string,
): { readonly text: string; readonly names: readonly string[] }[] {
  const groups = grouped(Object.entries(values), ([, value]) => print(value));
  return [...groups].map(([text, entries]) => ({ text, names: entries.map(([name]) => name) }));
}

/** One text if all executors have the same; else each text with its executors. */
function printAlike<T>(
  values: Readonly<Record<string, T>>,
  print: (value: T) => string,
  separator: string,
): string {
  const groups = alike(values, print);
  if (groups.length === 1) return groups[0]!.text;
  return groups.map(({ text, names }) => `${text} (${names.join(', ')})`).join(separator);
}

function printTensors({ weights }: InspectReport): string[] {
  const rows = weights.map(({ name, tensor, type, shape, held }) => [
    `  ${name}`,
    ...[tensor, shape.join(' × '), type],
    printAlike(held, ({ form }) => form, ', '),
    printAlike(held, ({ relativeError }) => printError(relativeError), ', '),
  ]);
  const heading = ['  weight', 'tensor', 'shape', 'stored', 'held', 'accuracy'];
  return textTable({ heading, rows, wordy: [1, 3, 4, 5] });
}

const printCount = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/** Rounding to f32 changes a value by at most 6e-8 of it; larger errors come from quantisation. */
function printError(relativeError: number): string {
  if (relativeError === 0) return 'exact';
  const digits = relativeError.toExponential(1);
  return relativeError < 1e-6 ? `exact to f32 (${digits})` : `off by ${digits} (RMS, relative)`;
}

function printTemplate({ problem, roles, generationPrompt, writesTime }: TemplateReport): string {
  if (problem !== null || roles === null) return problem ?? '';
  const verdicts = Object.entries(roles).map(([role, verdict]) => `${role} ${verdict}`);
  const opening = `opens an answer with ${JSON.stringify(generationPrompt)}`;
  const time = writesTime === 'always' ? '' : ` ${writesTime}`;
  return [
    verdicts.join(', '),
    opening,
    ...(writesTime === 'never' ? [] : [`writes the date or time${time}`]),
  ].join('; ');
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
