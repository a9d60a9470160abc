import { POLICIES, POLICY_RULES, renamedNotice } from '../../attention/index.js';
import type { AnswerOptions } from '../../dialogue/index.js';
import { HoldfastError } from '../../errors.js';
import { readText } from '../../files/index.js';
import { alignColumns } from '../../report/index.js';
import { checkedSystem } from '../options/index.js';
import { BAR_SCALE } from '../shares/index.js';
import { type Completion, completeName, completePath, wrapWords } from '../terminal/index.js';
import { expandHome } from '../user-folders.js';
import { contextLines, statsLines } from './chat-notes.js';
import type { Conversation } from './conversation.js';
import { nearCommands } from './near-commands.js';
import { SETTING_NAMES, settingRows, settingValue, settingValues } from './settings.js';
import type { SideAnswers } from './sides.js';
import type { ChatView } from './view.js';

/** The parts of a chat that commands use. */
export interface CommandContext {
  readonly conversation: Conversation;
  readonly view: ChatView;
  /** Shows an answer while it is generated. Ctrl-C fires the signal. */
  show(answer: (options: AnswerOptions) => SideAnswers): Promise<void>;
  /** Shows the answer to a message while it is generated. */
  send(message: string): Promise<void>;
  /** Continues with the dialogue in a file. */
  load(path: string): Promise<void>;
  showShares(): void;
  /** Forgets the shares of the last answer, which is no longer part of the dialogue. */
  forget(): void;
  quit(): void;
}

interface ChatCommand {
  /** The argument, as shown in the help; empty if there is none. */
  readonly argument: string;
  readonly help: string;
  /** Returns the words that can follow those of an argument. */
  readonly values?: (words: readonly string[]) => readonly string[];
  /** Whether the argument is a path. */
  readonly completesPath?: true;
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
      view.reply(conversation.state);
    },
  },
  off: {
    argument: '',
    help: 'switch the policy off; /on switches it back on',
    run({ conversation, view }) {
      conversation.switchOff();
      view.reply(conversation.state);
    },
  },
  strength: {
    argument: 'X',
    help: `set a constant strength, from the next answer on; ${STRONGER}`,
    run({ conversation, view }, argument) {
      conversation.setStrength(parseStrength(argument));
      view.reply(conversation.state);
    },
  },
  policy: {
    argument: 'P [X]',
    help: `set the policy and its strength; ${STRONGER}`,
    values: (words) => (words.length === 0 ? POLICIES : []),
    run({ conversation, view }, argument) {
      const [name = '', strength, ...rest] = argument.split(/\s+/);
      if (name === '' || rest.length > 0) throw usage('write /policy P or /policy P X');
      conversation.setPolicy(name, strength === undefined ? undefined : parseStrength(strength));
      const renamed = renamedNotice(name);
      if (renamed !== null) view.note(renamed);
      view.reply(conversation.state);
    },
  },
  set: {
    argument: '[NAME [VALUE]]',
    help: 'change a setting from the next answer on, such as temperature or max-tokens; without VALUE, show it',
    values: ([name, ...more]) =>
      name === undefined ? SETTING_NAMES : more.length === 0 ? settingValues(name) : [],
    run({ conversation, view }, argument) {
      const [, name = '', value = ''] = /^(\S*)\s*(.*)$/s.exec(argument)!;
      if (value !== '') conversation.set(name, value);
      if (name !== '') view.reply(`${name} ${settingValue(conversation.chat, name)}`);
      else view.reply(alignColumns(settingRows(conversation.chat), [1]).join('\n'));
    },
  },
  system: {
    argument: '[TEXT]',
    help: 'replace the system prompt for the whole dialogue; without TEXT, show it',
    run({ conversation, view }, argument) {
      if (argument !== '') conversation.setSystem(checkedSystem(argument));
      view.reply(`system prompt: ${conversation.chat.system ?? 'none'}`);
    },
  },
  file: {
    argument: 'PATH',
    help: 'send the text of a file as a message',
    completesPath: true,
    async run({ send }, argument) {
      await send((await readText(path(argument, 'file'))).trim());
    },
  },
  retry: {
    argument: '',
    help: 'answer the last message again with the next seed',
    run: ({ conversation, show }) => show((options) => conversation.sides.retry(options)),
  },
  undo: {
    argument: '',
    help: 'take back the last message and its answer',
    run({ conversation, view, forget }) {
      const { user, number } = conversation.undo();
      forget();
      view.reply(`took back turn ${number}: ${firstLine(user)}`);
    },
  },
  clear: {
    argument: '',
    help: 'forget all turns; the system prompt and the settings stay',
    run({ conversation, view, forget }) {
      conversation.clear();
      forget();
      view.reply('the dialogue is empty again; the system prompt and the settings stay');
    },
  },
  context: {
    argument: '',
    help: 'show how full the context is',
    run({ conversation, view }) {
      for (const line of contextLines(conversation.chat.contextUse())) view.reply(line);
    },
  },
  shares: {
    argument: '',
    help: 'show the shares of all parts of the dialogue in the last answer, by groups of layers',
    run: (context) => context.showShares(),
  },
  stats: {
    argument: '',
    help: 'show how fast the last answer was, and what the chat took so far',
    run({ conversation, view }) {
      for (const line of statsLines(conversation.sides.chats)) view.reply(line);
    },
  },
  save: {
    argument: '[--force] FILE',
    help: 'save the dialogue to a file; --force replaces one that exists',
    completesPath: true,
    async run({ conversation, view }, argument) {
      const [, force = '', file = ''] = /^(--force(?:\s+|$))?(.*)$/s.exec(argument)!;
      const files = await conversation.save(path(file, 'save'), force !== '');
      view.reply(`saved: ${files.join(', ')}`);
    },
  },
  load: {
    argument: 'FILE',
    help: 'continue a saved dialogue, or a JSON array of messages',
    completesPath: true,
    run: (context, argument) => context.load(path(argument, 'load')),
  },
  help: {
    argument: '',
    help: 'show this list',
    run({ view }) {
      view.reply(helpText(view.columns));
    },
  },
  quit: {
    argument: '',
    help: 'end the chat, like Ctrl-D',
    run: ({ quit }) => quit(),
  },
};

/** The names of all commands, without the slash. */
export const COMMAND_NAMES: readonly string[] = Object.keys(COMMANDS);

/**
 * Runs a command.
 * @throws HoldfastError `E_USAGE` for an unknown command; what the command throws
 */
export async function runCommand(name: string, argument: string, context: CommandContext): Promise<void> {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    const near = nearCommands(name, COMMAND_NAMES).map((known) => `/${known}`);
    throw new HoldfastError('E_USAGE', `"/${name}" is not a command`, {
      hint: `${near.length === 0 ? 'See /help.' : `Did you mean ${near.join(' or ')}?`} To send a message that begins with a slash, write two.`,
    });
  }
  if (argument !== '' && command.argument === '') throw usage(`/${name} takes no argument`);
  await command.run(context, argument);
}

/** Completes a command, or the value or path that it takes; nothing in a message. */
export function completeCommand(before: string): Completion {
  const named = /^\/(\S*)$/.exec(before);
  if (named !== null) return completeName(before, 1, COMMAND_NAMES);
  const [, name = '', argument = ''] = /^\/(\S+)\s+(.*)$/s.exec(before) ?? [];
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name]! : null;
  const start = before.length - argument.length;
  if (command?.completesPath === true) return completePath(before, start);
  const words = argument.split(/\s+/).slice(0, -1);
  const last = /\S*$/.exec(argument)![0];
  return completeName(before, before.length - last.length, command?.values?.(words) ?? []);
}

/** @param columns the width of the terminal; null to leave lines as long as they are */
export function helpText(columns: number | null): string {
  const rows = [
    ...Object.entries(COMMANDS).map(([name, { argument, help }]) => [`/${name} ${argument}`, help]),
    ['//text', 'send a message that begins with a slash'],
    ['"""text"""', 'a text of several lines; Ctrl-J also begins a line, and pasted lines stay together'],
  ];
  const wrapped = (text: string, indent = 0): string =>
    columns === null ? text : wrapWords(text, columns, ' '.repeat(indent));
  const indent = 2 + Math.max(...rows.map(([command]) => command!.length));
  return [...alignColumns(rows, [1]).map((row) => wrapped(row, indent)), '', wrapped(LEGEND)].join('\n');
}

const LEGEND = `The line under an answer shows shares of attention before → after the policy: that of the prompt (the system message with its role header) and that of the sink (the first token). The bars show the share before, turn by turn: ${BAR_SCALE}.`;

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
  return expandHome(argument);
}

/** Returns the first line of a message, shortened, to name it by. */
function firstLine(text: string): string {
  const [line = ''] = text.split('\n');
  return line.length < text.length || line.length > 60 ? `${line.slice(0, 60)}…` : line;
}

function usage(what: string): HoldfastError {
  return new HoldfastError('E_USAGE', what);
}
