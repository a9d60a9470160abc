import { Readable } from 'node:stream';

/** Environment variables added to those of the tests. */
export type Environment = Readonly<Record<string, string>>;

/** What a command wrote, and its exit code. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a process starts with. */
export interface Start {
  /** The words after `node`: the script, and its arguments. */
  readonly words: readonly string[];
  readonly stdin?: string | Uint8Array;
  readonly env?: Environment;
  readonly cwd?: string;
}

/**
 * Calls a command in this process as if it was one of its own, where its modules are loaded once for all tests of a file.
 * One at a time: the process has one output.
 */
export async function inProcess(
  run: (argv: readonly string[]) => Promise<void>,
  { words, stdin = '', env = {}, cwd = process.cwd() }: Start,
): Promise<Outcome> {
  const written = { stdout: '', stderr: '' };
  const folder = process.cwd();
  const undo = [
    replace(process, 'argv', [process.execPath, ...words]),
    replace(process, 'stdin', Readable.from(stdin.length === 0 ? [] : [Buffer.from(stdin)])),
    ...Object.entries(env).map(([name, value]) => setVariable(name, value)),
    ...(['stdout', 'stderr'] as const).map((name) =>
      replace(process[name], 'write', (text: string) => {
        written[name] += text;
        return true;
      }),
    ),
    ...[process, process.stdout, process.stderr].map(keepListeners),
  ];
  try {
    process.chdir(cwd);
    process.exitCode = undefined;
    await run(process.argv);
    return { code: Number(process.exitCode ?? 0), ...written };
  } finally {
    process.exitCode = undefined;
    process.chdir(folder);
    for (const restore of undo) restore();
  }
}

/** Replaces a property, and returns a function that puts the old one back. */
function replace(owner: object, name: string, value: unknown): () => void {
  const own = Object.getOwnPropertyDescriptor(owner, name);
  Object.defineProperty(owner, name, { value, configurable: true, writable: true });
  return () => {
    if (own === undefined) Reflect.deleteProperty(owner, name);
    else Object.defineProperty(owner, name, own);
  };
}

/** Sets an environment variable, of this process and of threads that it starts, and returns a function that undoes it. */
function setVariable(name: string, value: string): () => void {
  const old = process.env[name];
  process.env[name] = value;
  return () => {
    if (old === undefined) delete process.env[name];
    else process.env[name] = old;
  };
}

/** Returns a function that removes the listeners that were added since. */
function keepListeners(emitter: NodeJS.EventEmitter): () => void {
  const before = new Map(emitter.eventNames().map((name) => [name, emitter.rawListeners(name)]));
  return () => {
    for (const name of emitter.eventNames()) {
      for (const listener of emitter.rawListeners(name)) {
        if (!before.get(name)?.includes(listener)) emitter.off(name, listener as () => void);
      }
    }
  };
}
