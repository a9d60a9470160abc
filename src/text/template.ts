import { Environment, Interpreter } from '@huggingface/jinja';
import { HoldfastError } from '../errors.js';
import { type Moment, wallClock } from './moment.js';
import { type Program, parsePythonTemplate, pythonFunctions } from './python-strings.js';

/** One message of a dialogue. */
export interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** How a template renders messages. */
export interface RenderOptions {
  /** Whether the text ends with the header that opens an answer. */
  readonly addGenerationPrompt: boolean;
  /** Special tokens, keyed by the names that templates use: `bos_token`, `eos_token`, … */
  readonly specialTokens?: Readonly<Record<string, string>>;
  /** The date and time, for templates that write them. */
  readonly now: Moment;
}

/** A chat template, parsed once. */
export interface Template {
  /** The name that errors use, usually the file's. */
  readonly name: string;
  readonly source: string;
  /**
   * Returns the text of a dialogue, as transformers' `apply_chat_template` renders it.
   * @throws HoldfastError `E_TEMPLATE` with the template's own message if it refuses the dialogue
   */
  render(messages: readonly Message[], options: RenderOptions): string;
}

/**
 * Parses a chat template.
 * @param source null if the model has no template
 * @param name how errors name the model or file
 * @param path where a template would be read, for the error if there is none
 * @throws HoldfastError `E_TEMPLATE` if there is no template or it cannot be parsed
 */
export function compileTemplate(
  source: string | null,
  name = 'chat template',
  path = 'chat_template.jinja beside it',
): Template {
  if (source === null) {
    throw new HoldfastError('E_TEMPLATE', 'the model has no chat template', {
      file: name,
      hint: `Use an instruction-tuned model (this may be a base model), or put a template into ${path}`,
    });
  }
  let program: Program;
  try {
    program = parsePythonTemplate(source);
  } catch (cause) {
    throw failure('the chat template cannot be parsed', cause, name);
  }
  return {
    name,
    source,
    render(messages, options) {
      try {
        return String(new Interpreter(environment(messages, options)).run(program).value);
      } catch (cause) {
        if (cause instanceof Refusal) {
          throw new HoldfastError('E_TEMPLATE', `the chat template refuses this dialogue: ${cause.message}`, {
            file: name,
            cause,
          });
        }
        throw failure('the chat template failed', cause, name);
      }
    },
  };
}

/** Thrown by `raise_exception`, which templates call to refuse a dialogue with a reason. */
class Refusal extends Error {}

/** Returns the names that a template can use, as in transformers; `tools` and `documents` are defined as none. */
function environment(messages: readonly Message[], options: RenderOptions): Environment {
  const { addGenerationPrompt, specialTokens = {}, now } = options;
  const names: Record<string, unknown> = {
    true: true,
    false: false,
    none: null,
    True: true,
    False: false,
    None: null,
    range,
    raise_exception: (message: unknown) => {
      throw new Refusal(String(message));
    },
    strftime_now: (format: unknown) => strftime(now, String(format)),
    ...Object.fromEntries(pythonFunctions),
    ...specialTokens,
    messages: messages.map(({ role, content }) => ({ role, content })),
    add_generation_prompt: addGenerationPrompt,
    tools: null,
    documents: null,
  };
  const environment = new Environment();
  for (const [name, value] of Object.entries(names)) environment.set(name, value);
  return environment;
}

function range(start: number, stop?: number, step = 1): number[] {
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  if (step === 0) throw new RangeError('range() step must not be zero');
  const numbers: number[] = [];
  for (let i = from; step > 0 ? i < to : i > to; i += step) numbers.push(i);
  return numbers;
}

const MONTHS = 'January February March April May June July August September October November December'.split(
  ' ',
);
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

/** Python's `strftime` in the C locale; only the codes that templates use. */
function strftime(now: Moment, format: string): string {
  const { year, month, day, hour, minute, second } = wallClock(now);
  const two = (number: number): string => String(number).padStart(2, '0');
  const monthName = MONTHS[month - 1]!;
  const dayName = DAYS[new Date(Date.UTC(year, month - 1, day)).getUTCDay()]!;
  const written: Readonly<Record<string, string>> = {
    Y: String(year),
    y: two(year % 100),
    m: two(month),
    B: monthName,
    b: monthName.slice(0, 3),
    d: two(day),
    A: dayName,
    a: dayName.slice(0, 3),
    H: two(hour),
    M: two(minute),
    S: two(second),
    '%': '%',
  };
  return format.replace(/%(.)/gs, (code, letter: string) => written[letter] ?? code);
}

function failure(what: string, cause: unknown, name: string): HoldfastError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new HoldfastError('E_TEMPLATE', `${what}: ${message}`, { file: name, cause });
}
