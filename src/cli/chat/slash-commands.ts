import { HoldfastError } from '../../errors.js';
import { alignColumns } from '../../report/index.js';
import { BAR_SCALE } from '../terminal/index.js';
import type { Conversation } from './conversation.js';
import type { SideAnswers } from './sides.js';
import type { ChatView } from './view.js';

/** What commands act on. */
export interface CommandContext {
  readonly conversation: Conversation;
  readonly view: ChatView;
  /** Shows an answer as it comes; the signal is Ctrl-C. */
  show(start: (signal: AbortSignal) => SideAnswers): Promise<void>;
  /** Goes on with the dialogue in a file. */
  load(path: string): Promise<void>;
  showShares(): void;
  quit(): void;
}

interface ChatCommand {
  /** What is written after the name. */
  readonly argument: string;
  readonly help: string;
  run(context: CommandContext, argument: string): void | Promise<void>;
}

const COMMANDS: Readonly<Record<string, ChatCommand>> = {
  on: {
    argument: '',
    help: 'switch the policy on, as it was configured',
    run({ conversation, view }) {
      conversation.switchOn();
      view.note(conversation.state);
    },
  },
  off: {
    argument: '',
    help: 'switch it off; /on brings it back',
    run({ conversation, view }) {
      conversation.switchOff();
      view.note(conversation.state);
    },
  },
  strength: {
    argument: 'X',
    help: 'the same strength from the next answer on',
    run({ conversation, view }, argument) {
      conversation.setStrength(parseStrength(argument));
      view.note(conversation.state);
    },
  },
  policy: {
    argument: 'P [X]',
    help: 'another policy, with its strength',
    run({ conversation, view }, argument) {
      const [name = '', strength, ...rest] = argument.split(/\s+/);
      if (name === '' || rest.length > 0) throw usage('write /policy P or /policy P X');
      conversation.setPolicy(name, strength === undefined ? undefined : parseStrength(strength));
      view.note(conversation.state);
    },
  },
  shares: {
    argument: '',
    help: 'shares of the prompt, its words, the sink, the prefix and everything else in the last answer, by layers',
    run: (context) => context.showShares(),
  },
  system: {
    argument: 'TEXT',
    help: 'another system prompt for the whole dialogue; without TEXT, show it',
    run({ conversation, view }, argument) {
      if (argument !== '') conversation.setSystem(argument);
      view.note(`system prompt: ${conversation.chat.system ?? 'none'}`);
    },
  },
  retry: {
    argument: '',
    help: 'answer the last message again, with the next seed',
    run: ({ conversation, show }) => show((signal) => conversation.sides.retry({ signal })),
  },
  save: {
    argument: 'FILE',
    help: 'write the dialogue, so that it can be made again',
    async run({ conversation, view }, argument) {
      const files = await conversation.save(path(argument, 'save'));
      view.note(`saved: ${files.join(', ')}`);
    },
  },
  load: {
    argument: 'FILE',
    help: 'go on from a saved dialogue, or from messages',
    run: (context, argument) => context.load(path(argument, 'load')),
  },
  help: {
    argument: '',
    help: 'this list',
    run({ view }) {
      view.note(helpText());
    },
  },
  quit: {
    argument: '',
    help: 'end the chat, as Ctrl-D does',
    run: ({ quit }) => quit(),
  },
};

/** A line as it was meant: a command, a message, or nothing. */
export type ChatInput =
  | { readonly kind: 'command'; readonly name: string; readonly argument: string }
  | { readonly kind: 'message'; readonly text: string }
  | { readonly kind: 'nothing' };

/** `/name argument` is a command, `//text` the message `/text`, a blank line nothing. */
export function readInput(line: string): ChatInput {
  const text = line.trim();
  if (text === '') return { kind: 'nothing' };
  if (text.startsWith('//')) return { kind: 'message', text: text.slice(1) };
  const command = /^\/(\S*)\s*(.*)$/s.exec(text);
  return command === null
    ? { kind: 'message', text }
    : { kind: 'command', name: command[1]!, argument: command[2]! };
}

/** @throws HoldfastError `E_USAGE` for a command that is not there, and what the command throws */
export async function runCommand(name: string, argument: string, context: CommandContext): Promise<void> {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    const near = nearCommands(name).map((known) => `/${known}`);
    throw new HoldfastError('E_USAGE', `"/${name}" is not a command`, {
      hint: `${near.length === 0 ? 'See /help' : `Did you mean ${near.join(' or ')}?`} A message that begins with a slash is written //`,
    });
  }
  if (argument !== '' && command.argument === '') throw usage(`/${name} takes nothing after it`);
  await command.run(context, argument);
}

export function helpText(): string {
  const rows = [
    ...Object.entries(COMMANDS).map(([name, { argument, help }]) => [`/${name} ${argument}`, help]),
    ['//text', 'say something that begins with a slash'],
  ];
  return [
    ...alignColumns(rows, [1]),
    '',
    'Under an answer, shares of attention before → after the policy: of the prompt, which is the system message with its',
    'role header, and of the sink, which is the first token. The bars are the share before, turn by turn;',
    `${BAR_SCALE}.`,
  ].join('\n');
}

/** Commands whose name begins as this one, or is at most two letters from it; the nearest alone. */
export function nearCommands(name: string): string[] {
  const lower = name.toLowerCase();
  const names = Object.keys(COMMANDS);
  const begun = lower === '' ? [] : names.filter((known) => known.startsWith(lower));
  if (begun.length > 0) return begun;
  const distances = names.map((known) => editDistance(lower, known));
  const nearest = Math.min(...distances);
  // Of a name of two letters, two changes leave nothing.
  return nearest > Math.min(2, lower.length - 1)
    ? []
    : names.filter((_, index) => distances[index] === nearest);
}

/** Letters to add, leave out or change (Levenshtein). */
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
  if (argument === '' || argument === '-') throw usage(`/${command} needs the name of a file`);
  return argument;
}

function usage(what: string): HoldfastError {
  return new HoldfastError('E_USAGE', what);
}
