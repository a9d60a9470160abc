import { type Command, InvalidArgumentError } from 'commander';
import { readHost, readOrigin } from '../../server/index.js';
import {
  decimal,
  type ModelOptions,
  nameList,
  oneMore,
  positiveInteger,
  type SettingsFlags,
} from '../options/index.js';

/** Flags of `holdfast serve`. */
export interface ServeFlags extends ModelOptions, SettingsFlags {
  readonly models?: readonly string[];
  readonly port: number;
  readonly host: string;
  readonly token?: string;
  readonly allowHost?: readonly string[];
  readonly cors?: readonly string[];
  /** GiB */
  readonly cacheMemory?: number;
  /** GiB */
  readonly modelMemory?: number;
  readonly parallel: number;
  readonly queue: number;
  /** Seconds. */
  readonly drain: number;
  readonly logContents?: true;
}

/** Adds the flags of {@link ServeFlags} that other commands do not have. */
export function addServerOptions(command: Command): Command {
  return command
    .option('--models <list>', 'more models, by name or path, loaded when a request names them', nameList)
    .option('--port <n>', 'the port; 0 for a free one', port, 8723)
    .option(
      '--host <address>',
      'the address to listen on; one other than loopback needs a token',
      '127.0.0.1',
    )
    .option(
      '--token <text>',
      'what requests must send as their API key (default: the variable HOLDFAST_TOKEN, else nothing)',
    )
    .option('--allow-host <name>', 'a name of this machine that requests may use; repeatable', hosts)
    .option('--cors <origin>', 'an origin whose pages may use the server; repeatable', origins)
    .option(
      '--cache-memory <GiB>',
      'memory for the caches of dialogues (default: a quarter of the free memory)',
      amount,
    )
    .option(
      '--model-memory <GiB>',
      'memory for the weights of loaded models (default: half of the free memory)',
      amount,
    )
    .option(
      '--parallel <n>',
      'answers that are generated at once, as far as there are caches',
      positiveInteger,
      8,
    )
    .option('--queue <n>', 'requests that may wait; others are refused with status 429', positiveInteger, 64)
    .option('--drain <s>', 'seconds that running requests have to end when the server stops', amount, 30)
    .option('--log-contents', 'log what was asked and answered');
}

function port(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= 65535) return value;
  throw new InvalidArgumentError('It must be a whole number from 0 to 65535.');
}

function hosts(text: string, earlier?: readonly string[]): string[] {
  const host = readHost(text);
  if (host !== null) return oneMore(host, earlier);
  throw new InvalidArgumentError('It must be the name of a machine, such as gpu-box.local.');
}

function origins(text: string, earlier?: readonly string[]): string[] {
  const origin = readOrigin(text);
  if (origin !== null) return oneMore(origin, earlier);
  throw new InvalidArgumentError('It must be an origin, such as https://chat.example.org.');
}

function amount(text: string): number {
  const value = decimal(text);
  if (value > 0) return value;
  throw new InvalidArgumentError('It must be above 0.');
}
