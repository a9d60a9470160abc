import { existsSync } from 'node:fs';
import { Command, type Option } from 'commander';
import { sendNotesTo } from '../notes.js';
import { COMMANDS } from './commands.js';
import { endOnClosedPipe, explain, note, oneLine, setVerbosity, stderr, stdout } from './terminal/index.js';
import { configFile } from './user-folders.js';

/** Options of every command. */
interface GlobalFlags {
  readonly debug?: true;
  readonly quiet?: true;
}

/** Runs a command line and sets the exit code: 0 for success, 1 for a failure, 2 for a usage error. */
export async function run(argv: readonly string[]): Promise<void> {
  endOnClosedPipe();
  setVerbosity({ debug: false, quiet: false });
  sendNotesTo(note);
  const program = createProgram();
  try {
    await checkEncoding(argv);
    await addVersion(program, argv);
    await addCommands(program, argv);
    await program.parseAsync(await configured(program, argv));
  } catch (error) {
    const { message, exitCode } = explain(error, program.opts<GlobalFlags>().debug === true);
    if (message !== null) stderr.text(`${message}\n`);
    // process.exit would lose output that is still being written to a pipe.
    process.exitCode = exitCode;
  }
}

function createProgram(): Command {
  return new Command('holdfast')
    .description("Measure how a language model's hold on its system prompt loosens, and tighten it.")
    .option('--debug', 'show the stack trace of an error, and figures for developers')
    .option('--quiet', 'write only results, warnings and errors: no notes, no progress')
    .configureOutput({
      writeOut: stdout.text,
      writeErr: stderr.text,
      outputError: (text, write) => write(`${oneLine(text)}\n`),
    })
    .configureHelp({ optionDescription, showGlobalOptions: true })
    .exitOverride()
    .hook('preAction', (program) => {
      const { debug, quiet } = program.opts<GlobalFlags>();
      setVerbosity({ debug: debug === true, quiet: quiet === true });
    });
}

/** Returns what an option does and its default, in the form that descriptions without a fixed default have too. */
function optionDescription({ description, defaultValue, defaultValueDescription }: Option): string {
  const standard = defaultValueDescription ?? defaultValue;
  return standard === undefined ? description : `${description} (default: ${standard})`;
}

/** Loads the check of the command line's encoding only where a character was replaced. */
async function checkEncoding(argv: readonly string[]): Promise<void> {
  if (!argv.some((argument) => argument.includes('\ufffd'))) return;
  const { checkArguments } = await import('./check-arguments.js');
  checkArguments();
}

/** Adds `--version`. Reads the version only if it is asked for. */
async function addVersion(program: Command, argv: readonly string[]): Promise<void> {
  const version = argv.includes('--version') ? (await import('../package.js')).readPackage().version : '';
  program.version(version, '--version', 'show the version');
}

/** Adds the user's configured options to a command line. Loads what reads them only if there are any. */
async function configured(program: Command, argv: readonly string[]): Promise<readonly string[]> {
  if (!argv.some((word) => word.startsWith('--preset')) && !existsSync(configFile())) return argv;
  const { withConfig } = await import('./config.js');
  return withConfig(program, argv);
}

/** Adds all commands, and the arguments and options of those that the command line names. */
async function addCommands(program: Command, argv: readonly string[]): Promise<void> {
  for (const { name, description, load } of COMMANDS) {
    const command = program.command(name).description(description);
    if (!argv.includes(name)) continue;
    const add = await load();
    add(command);
  }
}
