/**
 * `holdfast tokens`: shows the tokens of a text or a dialogue, and which message each token belongs to.
 */
import { type Command, Option } from 'commander';
import { HoldfastError } from '../../errors.js';
import {
  chatFormat,
  layoutDialogue,
  type Moment,
  recordedMoment,
  type Span,
  type TemplateSource,
  type Tokenizer,
  type TokenRange,
  writesTime,
} from '../../text/index.js';
import { tokenText } from '../../trace/index.js';
import {
  addModelArgument,
  dateTime,
  modelPath,
  NOW_HELP,
  openText,
  readDialogue,
  textHint,
  wantsAnswer,
} from '../options/index.js';
import { note, type Paint, type Style, stdout } from '../terminal/index.js';

interface TokensOptions {
  readonly text?: string;
  readonly chat?: string;
  readonly special?: true;
  readonly generationPrompt?: boolean;
  readonly trustContent?: true;
  readonly now?: Moment;
  readonly json?: true;
}

/** Tokens and the spans they belong to, as `--json` writes them. */
interface TokensReport {
  readonly text: string;
  readonly ids: readonly number[];
  /** Empty for plain text, which has no roles. */
  readonly spans: readonly Span[];
  /** Token range `[start, end)` of each message's own words. */
  readonly content: readonly (readonly (readonly [number, number])[])[];
  /** The date and time that the template writes if it writes one. Plain text has neither field. */
  readonly now?: Moment;
  /** Whether the text depends on `now`. */
  readonly writesTime?: boolean;
}

/** Adds the arguments and options of `holdfast tokens`. */
export function addTokens(command: Command): void {
  addModelArgument(command)
    .addOption(new Option('--text <text>', 'plain text, without a chat template').conflicts('chat'))
    .option('--chat <file>', 'a dialogue as JSON, rendered with the chat template; - reads standard input')
    .addOption(new Option('--special', 'parse control tokens in --text').conflicts('chat'))
    .addOption(
      new Option(
        '--generation-prompt',
        "end with the header of an answer (default: if the last message is the user's)",
      ).conflicts('text'),
    )
    .addOption(new Option('--no-generation-prompt', 'end with the last message').conflicts('text'))
    .addOption(new Option('--trust-content', 'parse control tokens in messages').conflicts('text'))
    .addOption(
      new Option('--now <time>', `${NOW_HELP} (default: that of a saved dialogue, or the current one)`)
        .argParser(dateTime)
        .conflicts('text'),
    )
    .option('--json', 'write {text, ids, spans, content}, and {now, writesTime} with --chat')
    .action(async (named: string | undefined, options: TokensOptions) => {
      const { text, chat } = options;
      if (text === undefined && chat === undefined) {
        throw new HoldfastError('E_USAGE', 'nothing to tokenise', {
          hint: textHint(named) ?? 'Give --text or --chat',
        });
      }
      const dialogue = chat === undefined ? null : await readDialogue(chat);
      const model = await openText(await modelPath(named));
      const { tokenizer } = model;
      const report =
        dialogue === null
          ? textReport(tokenizer, text ?? '', options)
          : chatReport(tokenizer, model.template, dialogue, options);
      if (report.writesTime && !options.json) {
        note(`the text depends on the date or time, which is ${report.now} here`);
      }
      if (options.json) stdout.lines([JSON.stringify(report)]);
      else if (stdout.showsColours) stdout.text(printColoured(report, tokenizer, stdout.paint));
      else stdout.lines(plainLines(report, tokenizer));
    });
}

function textReport(tokenizer: Tokenizer, text: string, { special }: TokensOptions): TokensReport {
  return { text, ids: tokenizer.encode(text, { special: special === true }), spans: [], content: [] };
}

function chatReport(
  tokenizer: Tokenizer,
  template: TemplateSource,
  { messages, now: recorded }: Awaited<ReturnType<typeof readDialogue>>,
  { generationPrompt, trustContent, now }: TokensOptions,
): TokensReport {
  const format = chatFormat({ tokenizer, ...template });
  const addGenerationPrompt = wantsAnswer(messages, generationPrompt);
  const layout = layoutDialogue(format, messages, {
    addGenerationPrompt,
    now: recordedMoment(recorded, now),
    trustContent: trustContent === true,
  });
  return {
    text: layout.text,
    ids: layout.ids,
    spans: layout.spans.map(({ role, turn, start, end }) => ({ role, turn, start, end })),
    content: layout.messages.map(({ places }) =>
      places.flatMap(({ content }) => content.map(({ start, end }) => [start, end] as const)),
    ),
    now: layout.now,
    writesTime: writesTime(format, messages, { addGenerationPrompt }),
  };
}

const ROLE_STYLES: Readonly<Record<Span['role'], Style>> = {
  sink: 'red',
  system: 'yellow',
  user: 'green',
  assistant: 'cyan',
  template: 'dim',
};

/** Prints the text coloured by role. Every second token is underlined, to show where tokens begin and end. */
function printColoured({ ids, spans }: TokensReport, tokenizer: Tokenizer, paint: Paint): string {
  const roleAt = new Map<number, Style>();
  for (const { role, start, end } of spans) {
    for (let i = start; i < end; i++) roleAt.set(i, ROLE_STYLES[role]);
  }
  const pieces = ids.map((id, index) => {
    const styles: Style[] = [roleAt.get(index) ?? 'bold'];
    if (index % 2 === 1) styles.push('underline');
    // Some terminals colour the rest of the line if a style runs across a line break.
    return tokenText(tokenizer, [id])
      .replaceAll('\n', '⏎\n')
      .split('\n')
      .map((line) => (line === '' ? '' : paint(line, ...styles)))
      .join('\n');
  });
  const roles = [...new Set(spans.map(({ role }) => role))];
  const legend = roles.map((role) => paint(role, ROLE_STYLES[role])).join(' ');
  return `${pieces.join('')}\n${ids.length} tokens${legend === '' ? '' : `: ${legend}`}\n`;
}

/** Returns one line per span (role, turn, range, text); without spans, one line per token (index, id, text). */
function plainLines({ ids, spans }: TokensReport, tokenizer: Tokenizer): string[] {
  const textOf = ({ start, end }: TokenRange): string =>
    JSON.stringify(tokenText(tokenizer, ids.slice(start, end)));
  const lines =
    spans.length > 0
      ? spans.map((span) => [span.role, span.turn, `[${span.start},${span.end})`, textOf(span)])
      : ids.map((id, index) => [index, id, textOf({ start: index, end: index + 1 })]);
  return lines.map((fields) => fields.join('\t'));
}
