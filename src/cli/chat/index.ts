/**
 * `holdfast chat`: a conversation on a terminal or in a pipe, with one answer per message or one each with the policy off
 * and on. Knows the library's chats; the library decides how answers are generated.
 */
import type { Command } from 'commander';
import type { Chat, ChatOptions } from '../../dialogue/index.js';
import type { Model } from '../../engine/index.js';
import { HoldfastError } from '../../errors.js';
import {
  type AskedHold,
  addChatOptions,
  addModelArgument,
  askedHold,
  type ChatFlags,
  modelPath,
  openWithOptions,
  readChatOptions,
  readSystem,
  withHold,
} from '../options/index.js';
import { canType, stderr, stdout } from '../terminal/index.js';
import { Conversation } from './conversation.js';
import { createJsonView } from './json-view.js';
import type { LoadedChat } from './load.js';
import { takePipedLines, takeTypedLines } from './loop.js';
import { createRoom } from './room.js';
import { createTextView } from './text-view.js';

/** Adds the arguments and options of `holdfast chat`. */
export function addChat(command: Command): void {
  addChatOptions(addModelArgument(command)).action(chat);
}

async function chat(named: string | undefined, given: ChatFlags): Promise<void> {
  const system = await readSystem(given);
  const flags: ChatFlags = { ...given, ...(system === undefined ? {} : { system }) };
  const options = readChatOptions(flags);
  const hold = await askedHold(flags);
  const model = await openWithOptions(await modelPath(named), flags);
  try {
    const held = await withHold(options, hold, model, options.system);
    if (flags.compare === true) checkHelps(hold, held);
    const { conversation, loaded } = await begin(model, held, flags);
    await talk(conversation, loaded, flags.json === true);
    conversation.dispose();
  } finally {
    await model.dispose();
  }
}

/**
 * Checks that a hold acts, so that there is something to compare with off.
 * @throws HoldfastError `E_USAGE`
 */
function checkHelps(hold: AskedHold | null, { policy }: ChatOptions): void {
  if (hold === null || policy !== 'off') return;
  throw new HoldfastError(
    'E_USAGE',
    'the hold says that nothing helps: there is nothing to compare with off',
  );
}

async function begin(
  model: Model,
  options: ChatOptions,
  flags: ChatFlags,
): Promise<{ readonly conversation: Conversation; readonly loaded: LoadedChat | null }> {
  const compare = flags.compare === true;
  if (flags.load === undefined) {
    return { conversation: Conversation.open(model, options, compare), loaded: null };
  }
  const started = await Conversation.load(model, options, compare, flags.load);
  checkTaken(flags, started.conversation.chat);
  return started;
}

/**
 * Checks that no option conflicts with a loaded file: its system prompt and context cannot be changed afterwards.
 * @throws HoldfastError `E_USAGE`
 */
function checkTaken({ system, context, onContextFull, trustContent, load }: ChatFlags, chat: Chat): void {
  const ignored = [
    ...(system !== undefined && system !== chat.system ? ['--system'] : []),
    ...(context !== undefined && context !== chat.session.contextLength ? ['--context'] : []),
    ...(onContextFull !== undefined && onContextFull !== chat.onContextFull ? ['--on-context-full'] : []),
    ...(trustContent === true && !chat.trustContent ? ['--trust-content'] : []),
  ];
  if (ignored.length === 0) return;
  throw new HoldfastError('E_USAGE', `${load} has its own ${ignored.join(', ')}: leave it out`);
}

async function talk(conversation: Conversation, loaded: LoadedChat | null, json: boolean): Promise<void> {
  const typed = !json && canType();
  const view = json ? createJsonView({ stdout, stderr }) : createTextView({ stdout, stderr });
  const room = createRoom(conversation, view);
  const welcome = async (): Promise<void> => {
    if (typed) view.note(`${conversation.model.name}  ${conversation.state}  /help lists commands`);
    else if (conversation.notice !== null) view.note(conversation.notice);
    if (loaded !== null) await room.welcome(loaded);
  };
  if (typed) await takeTypedLines(room, view, welcome);
  else await takePipedLines(room, welcome);
  await room.end();
  // At a terminal, the user has already seen the errors.
  if (room.failed && !typed) process.exitCode = 1;
}
