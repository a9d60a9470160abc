import { assertTouched } from '../../attention/index.js';
import { type AnswerOptions, FullContext } from '../../dialogue/index.js';
import { headGrid } from '../../engine/index.js';
import { HoldfastError } from '../../errors.js';
import { createRoleMeter, type RoleMeter } from '../shares/index.js';
import { readInput } from './chat-input.js';
import { readingText, waysOut } from './chat-notes.js';
import type { Conversation } from './conversation.js';
import type { LoadedChat } from './load.js';
import type { Side, SideAnswers } from './sides.js';
import { type CommandContext, runCommand } from './slash-commands.js';
import type { ChatView } from './view.js';

/** A chat that takes entries one by one: messages and commands. It does not know where they come from or where its output goes. */
export interface ChatRoom {
  /** Answers a message or runs a command. Errors are shown and do not end the chat. */
  take(entry: string): Promise<void>;
  /** Shows the result of loading a file, and answers its last message if that has no answer. */
  welcome(loaded: LoadedChat): Promise<void>;
  /** Checks, when the chat has ended, that its policy changed a share somewhere; shows `E_UNTOUCHED` if not. */
  end(): Promise<void>;
  /** Stops the action in progress. Returns false if there is none. */
  interrupt(): boolean;
  /** Whether the user has ended the chat. */
  readonly ended: boolean;
  /** Whether anything went wrong. */
  readonly failed: boolean;
}

export function createRoom(conversation: Conversation, view: ChatView): ChatRoom {
  let controller: AbortController | null = null;
  let ended = false;
  let failed = false;
  /** Shares of the last answer, one meter per side. */
  let meters = new Map<Side, RoleMeter>();

  async function attempt(action: (signal: AbortSignal) => void | Promise<void>): Promise<void> {
    controller = new AbortController();
    try {
      await action(controller.signal);
    } catch (error) {
      // An unexpected error ends the chat, because its state is unknown.
      if (!(error instanceof HoldfastError)) throw error;
      fail(error);
    } finally {
      controller = null;
    }
  }

  function fail(error: HoldfastError): void {
    failed = true;
    view.error(error instanceof FullContext ? withWaysOut(error) : error);
  }

  /** Returns the error of a full context with what can be done about it in a chat, instead of in a program. */
  function withWaysOut({ what, excess }: FullContext): FullContext {
    return new FullContext(what, waysOut(conversation.chat, excess), excess);
  }

  /** The notices of the answer in progress that have been shown; the one about the settings is shown at the start. */
  let noted: (string | null)[] = [];

  function note(notice: string): void {
    if (!noted.includes(notice)) view.note(notice);
    noted.push(notice);
  }

  async function show(answer: (options: AnswerOptions) => SideAnswers, signal: AbortSignal): Promise<void> {
    noted = [conversation.notice];
    const answers = answer({ signal, notify: note });
    const measured = new Map<Side, RoleMeter>();
    let side: Side | undefined;
    for (;;) {
      // Until the first token, the message is read.
      if (side === undefined)
        view.waiting(readingText(conversation.sides.chats.map(({ chat }) => chat.session)));
      const next = await answers.next();
      if (next.done) {
        if (next.value === null) {
          view.stopped();
          return;
        }
        meters = measured;
        view.answered(conversation.sides.chats.map(({ side, chat }) => ({ side, turns: chat.turns })));
        for (const { chat } of conversation.sides.chats) {
          const untouched = chat.receipt?.untouched ?? null;
          if (untouched !== null) view.note(`no share changed in this answer. ${untouched}`);
          const { notice = null } = chat.turns.at(-1) ?? {};
          if (notice !== null) note(notice);
        }
        return;
      }
      const { step } = next.value;
      side = next.value.side;
      const meter = measured.get(side) ?? createRoleMeter();
      measured.set(side, meter.add(step));
      view.text(side, step.text);
    }
  }

  async function welcome(loaded: LoadedChat, signal: AbortSignal): Promise<void> {
    meters = new Map();
    for (const note of loaded.notes) view.note(note);
    if (loaded.difference !== null) fail(loaded.difference);
    const { unanswered } = loaded;
    if (unanswered === null) return;
    view.question(unanswered);
    await show((options) => conversation.sides.answer(unanswered, options), signal);
  }

  function showShares(): void {
    const sides = conversation.sides.chats.flatMap(({ side, chat }) => {
      const turn = chat.turns.at(-1);
      const meter = meters.get(side);
      const grid = headGrid(conversation.model.executor.blueprint);
      return turn === undefined || meter === undefined ? [] : [{ side, turn, roles: meter.means(), grid }];
    });
    if (sides.length === 0) {
      throw new HoldfastError('E_DIALOGUE', 'there is no answer yet whose shares were measured', {
        hint: 'The shares of loaded answers by role are not known: send a message, or /retry',
      });
    }
    view.shares(sides);
  }

  const contextOf = (signal: AbortSignal): CommandContext => ({
    conversation,
    view,
    show: (start) => show(start, signal),
    send: (text) => show((options) => conversation.sides.answer(text, options), signal),
    load: async (path) => welcome(await conversation.load(path, signal), signal),
    showShares,
    forget() {
      meters = new Map();
    },
    quit() {
      ended = true;
    },
  });

  return {
    take: (entry) =>
      attempt(async (signal) => {
        const input = readInput(entry);
        const context = contextOf(signal);
        if (input.kind === 'message') await context.send(input.text);
        if (input.kind === 'command') await runCommand(input.name, input.argument, context);
      }),
    welcome: (loaded) => attempt((signal) => welcome(loaded, signal)),
    end: () =>
      attempt(async () => {
        for (const { chat } of conversation.sides.chats) assertTouched(chat.turns);
      }),
    interrupt() {
      controller?.abort();
      return controller !== null;
    },
    get ended() {
      return ended;
    },
    get failed() {
      return failed;
    },
  };
}
