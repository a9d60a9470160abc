import { Argument, Command, type Option } from 'commander';
import type { CommandEntry } from './command-entry.js';
import {
  bashScript,
  type CompletedCommand,
  type CompletedOption,
  fishScript,
  zshScript,
} from './completion-scripts.js';
import { stdout } from './terminal/index.js';

const SCRIPTS: Readonly<Record<string, (commands: readonly CompletedCommand[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** Adds the argument of `holdfast completion`, which completes these commands. */
export function addCompletion(command: Command, commands: readonly CommandEntry[]): void {
  command
    .addArgument(
      new Argument('<shell>', `the shell: ${Object.keys(SCRIPTS).join(', ')}`).choices(Object.keys(SCRIPTS)),
    )
    .action(async (shell: string) => {
      stdout.text(SCRIPTS[shell]!(await completedCommands(commands, command.parent!)));
    });
}

/** Returns all commands with their options. Loads every command. */
async function completedCommands(
  commands: readonly CommandEntry[],
  { options }: Command,
): Promise<CompletedCommand[]> {
  const program = new Command();
  for (const { name, description, load } of commands) {
    (await load())(program.command(name).description(description));
  }
  const all = [...options.map(completedOption), HELP];
  const below = (command: Command, names: string): CompletedCommand[] => [
    {
      names,
      following: [
        ...command.commands.map((each) => ({ word: each.name(), about: about(each.description()) })),
        ...(command.registeredArguments[0]?.argChoices ?? []).map((word) => ({ word, about: '' })),
      ],
      options: [...(command === program ? [] : command.options.map(completedOption)), ...all],
    },
    ...command.commands.flatMap((each) => below(each, `${names} ${each.name()}`.trim())),
  ];
  return below(program, '');
}

const HELP: CompletedOption = { word: '--help', about: 'show help', value: null };

function completedOption({
  long,
  description,
  required,
  optional,
  argChoices,
  flags,
}: Option): CompletedOption {
  const takesPath = /<(?:file|folder)>|\[file\]/.test(flags);
  const value = argChoices ?? (takesPath ? 'path' : 'other');
  return { word: long ?? flags, about: about(description), value: required || optional ? value : null };
}

/** Returns the beginning of a description, up to its first pause. */
function about(description: string): string {
  const [first = ''] = description.split(/[;:(]| for example/);
  return first.trim().replace(/,$/, '').slice(0, 80);
}
