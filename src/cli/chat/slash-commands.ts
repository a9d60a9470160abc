import { POLICY_RULES, renamedNotice } from '../../attention/index.js';
import type { AnswerOptions } from '../../dialogue/index.js';
import { HoldfastError } from '../../errors.js';
import { alignColumns } from '../../report/index.js';
import { BAR_SCALE } from '../terminal/index.js';
import type { Conversation } from './conversation.js';
import type { SideAnswers } from './sides.js';
import type { ChatView } from './view.js';

/** The parts of a chat that commands use. */
export interface CommandContext {
  readonly conversation: Conversation;
  readonly view: ChatView;
  /** Shows an answer while it is generated. Ctrl-C fires the signal. */
  show(answer: (options: AnswerOptions) => SideAnswers): Promise<void>;
  /** Continues with the dialogue in a file. */
  load(path: string): Promise<void>;
  showShares(): void;
  quit(): void;
}

interface ChatCommand {
  /** The argument, as shown in the help; empty if there is none. */
  readonly argument: string;
  readonly help: string;
  run(context: CommandContext, argument: string): void | Promise<void>;
}

/** Which way a strength is stronger, for the recommended policy. */
const STRONGER = `split-softmax: ${POLICY_RULES['split-softmax'].stronger} is stronger`;

const COMMANDS: Readonly<Record<string, ChatCommand>> = {
  on: {
    argument: '',
    help: 'switch the configured policy on',
    run({ conversation, view }) {
      conversation.switchOn();
      view.note(conversation.state);
    },
  },
  off: {
    argument: '',
    help: 'switch the policy off; /on switches it back on',
    run({ conversation, view }) {
      conversation.switchOff();
      view.note(conversation.state);
    },
  },
  strength: {
    argument: 'X',
    help: `set a constant strength, from the next answer on; ${STRONGER}`,
    run({ conversation, view }, argument) {
      conversation.setStrength(parseStrength(argument));
      view.note(conversation.state);
    },
  },
  policy: {
    argument: 'P [X]',
    help: `set the policy and its strength; ${STRONGER}`,
    run({ conversation, view }, argument) {
      const [name = '', strength, ...rest] = argument.split(/\s+/);
      if (name === '' || rest.length > 0) throw usage('write /policy P or /policy P X');
      conversation.setPolicy(name, strength === undefined ? undefined : parseStrength(strength));
      const renamed = renamedNotice(name);
      if (renamed !== null) view.note(renamed);
      view.note(conversation.state);
    },
  },
  shares: {
    argument: '',
    help: 'show the shares of all parts of the dialogue in the last answer, by groups of layers',
    run: (context) => context.showShares(),
  },
  system: {
    argument: 'TEXT',
    help: 'replace the system prompt for the whole dialogue; without TEXT, show it',
    run({ conversation, view }, argument) {
      if (argument !== '') conversation.setSystem(argument);
      view.note(`system prompt: ${conversation.chat.system ?? 'none'}`);
    },
  },
  retry: {
    argument: '',
    help: 'answer the last message again with the next seed',
    run: ({ conversation, show }) => show((options) => conversation.sides.retry(options)),
  },
  save: {
    argument: 'FILE',
    help: 'save the dialogue to a file',
    async run({ conversation, view }, argument) {
      const files = await conversation.save(path(argument, 'save'));
      view.note(`saved: ${files.join(', ')}`);
    },
  },
  load: {
    argument: 'FILE',
    help: 'continue a saved dialogue, or a JSON array of messages',
    run: (context, argument) => context.load(path(argument, 'load')),
  },
  help: {
    argument: '',
    help: 'show this list',
    run({ view }) {
      view.note(helpText());
    },
  },
  quit: {
    argument: '',
    help: 'end the chat, like Ctrl-D',
    run: ({ quit }) => quit(),
  },
};

/** A parsed line: a command, a message, or nothing. */
export type ChatInput =
  | { readonly kind: 'command'; readonly name: string; readonly argument: string }
  | { readonly kind: 'message'; readonly text: string }
  | { readonly kind: 'nothing' };

/** Parses a line: `/name argument` is a command, `//text` the message `/text`, a blank line nothing. */
export function readInput(line: string): ChatInput {
  const text = line.trim();
  if (text === '') return { kind: 'nothing' };
  if (text.startsWith('//')) return { kind: 'message', text: text.slice(1) };
  const command = /^\/(\S*)\s*(.*)$/s.exec(text);
  return command === null
    ? { kind: 'message', text }
    : { kind: 'command', name: command[1]!, argument: command[2]! };
}

/**
 * Runs a command.
 * @throws HoldfastError `E_USAGE` for an unknown command; what the command throws
 */
export async function runCommand(name: string, argument: string, context: CommandContext): Promise<void> {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    const near = nearCommands(name).map((known) => `/${known}`);
    throw new HoldfastError('E_USAGE', `"/${name}" is not a command`, {
      hint: `${near.length === 0 ? 'See /help.' : `Did you mean ${near.join(' or ')}?`} To send a message that begins with a slash, write //`,
    });
  }
  if (argument !== '' && command.argument === '') throw usage(`/${name} takes no argument`);
  await command.run(context, argument);
}

export function helpText(): string {
  const rows = [
    ...Object.entries(COMMANDS).map(([name, { argument, help }]) => [`/${name} ${argument}`, help]),
    ['//text', 'send a message that begins with a slash'],
  ];
  return [
    ...alignColumns(rows, [1]),
    '',
    'The line under an answer shows shares of attention before → after the policy: that of the prompt (the system message',
    'with its role header) and that of the sink (the first token). The bars show the share before, turn by turn:',
    `${BAR_SCALE}.`,
  ].join('\n');
}

/** Returns the commands that begin with this name, else the nearest ones, at most two edits away. */
export function nearCommands(name: string): string[] {
  const lower = name.toLowerCase();
  const names = Object.keys(COMMANDS);
  const begun = lower === '' ? [] : names.filter((known) => known.startsWith(lower));
  if (begun.length > 0) return begun;
  const distances = names.map((known) => editDistance(lower, known));
  const nearest = Math.min(...distances);
  // Two edits could replace a name of two letters entirely.
  return nearest > Math.min(2, lower.length - 1)
    ? []
    : names.filter((_, index) => distances[index] === nearest);
}

/** Returns the number of letters to insert, delete or replace (Levenshtein distance). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}

function parseStrength(text: string): number {
  const strength = Number(text);
  if (text === '' || !Number.isFinite(strength)) {
    throw new HoldfastError(
      'E_STRENGTH',
      text === '' ? 'a strength is missing' : `"${text}" is not a number`,
    );
  }
  return strength;
}

function path(argument: string, command: string): string {
  if (argument === '' || argument === '-') throw usage(`/${command} needs a file name`);
  return argument;
}

function usage(what: string): HoldfastError {
  return new HoldfastError('E_USAGE', what);
}
