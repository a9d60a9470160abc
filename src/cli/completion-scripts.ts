/** Scripts that complete `holdfast` in a shell, from the table of its commands and options. */

/** An option or a command, as shells complete it. */
interface CompletedWord {
  readonly word: string;
  /** What it does, in a few words. */
  readonly about: string;
}

/** An option, and what its value is: nothing, one of some words, a path, or something that cannot be completed. */
export interface CompletedOption extends CompletedWord {
  readonly value: null | 'path' | 'other' | readonly string[];
}

/** A command as shells complete it. */
export interface CompletedCommand {
  /** The words that call it: `study run`; empty for holdfast itself. */
  readonly names: string;
  readonly commands: readonly CompletedWord[];
  readonly options: readonly CompletedOption[];
}

/** Returns a `case` of a shell over command and option, with what completes each option's value. */
function valueCases(
  commands: readonly CompletedCommand[],
  { open, path, words }: { open: string; path: string; words: (words: readonly string[]) => string },
): string[] {
  const completed = ({ value }: CompletedOption): string | null => {
    if (value === null) return null;
    if (value === 'path') return path;
    return value === 'other' ? 'return' : words(value);
  };
  return commands.flatMap(({ names, options }) =>
    options.flatMap((option) => {
      const action = completed(option);
      return action === null ? [] : [`    ${open}"${names}:${option.word}") ${action};;`];
    }),
  );
}

/** Returns the patterns of the words that lead from a command to a subcommand: `"study run"`. */
const calls = (commands: readonly CompletedCommand[]): string =>
  commands
    .filter(({ names }) => names !== '')
    .map(({ names }) => (names.includes(' ') ? `"${names}"` : `" ${names}"`))
    .join('|');

export function bashScript(commands: readonly CompletedCommand[]): string {
  const words = ({ commands: below, options }: CompletedCommand): string =>
    [...below, ...options].map(({ word }) => word).join(' ');
  return `# bash completion of holdfast
_holdfast() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" command="" word words="" files=""
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$command $word" in
      ${calls(commands)}) command="\${command:+$command }$word";;
    esac
  done
  case "$command:$prev" in
${valueCases(commands, {
  open: '',
  path: 'COMPREPLY=($(compgen -f -- "$cur")); return',
  words: (choices) => `COMPREPLY=($(compgen -W "${choices.join(' ')}" -- "$cur")); return`,
}).join('\n')}
  esac
  case "$command" in
${commands
  .map(
    (command) =>
      `    "${command.names}") words="${words(command)}"; files="${command.commands.length === 0 ? 'yes' : ''}";;`,
  )
  .join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  [[ $cur == -* || -z $files ]] || COMPREPLY+=($(compgen -f -- "$cur"))
}
complete -o filenames -F _holdfast holdfast
`;
}

/** Quotes a text for a shell. Fish alone reads backslashes in single quotes; no text has any. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

export function zshScript(commands: readonly CompletedCommand[]): string {
  const described = (words: readonly { readonly word: string; readonly about: string }[]): string =>
    words.map(({ word, about }) => quoted(`${word}:${about.replaceAll(':', '\\:')}`)).join(' ');
  return `#compdef holdfast
# zsh completion of holdfast
_holdfast() {
  local command="" word
  local -a commands options
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$command $word" in
      (${calls(commands)}) command="\${command:+$command }$word";;
    esac
  done
  case "$command:\${words[CURRENT-1]}" in
${valueCases(commands, {
  open: '(',
  path: '_files; return',
  words: (choices) => `compadd -- ${choices.join(' ')}; return`,
}).join('\n')}
  esac
  case "$command" in
${commands
  .map(
    ({ names, commands: below, options }) =>
      `    ("${names}") commands=(${described(below)}); options=(${described(options)});;`,
  )
  .join('\n')}
  esac
  if [[ $PREFIX == -* ]]; then
    _describe -o option options
  else
    if (( $#commands )); then _describe command commands; else _files; fi
  fi
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _holdfast "$@"; else compdef _holdfast holdfast; fi
`;
}

export function fishScript(commands: readonly CompletedCommand[]): string {
  /** Whether these words call the command: all of its names were seen, and none of the commands below it. */
  const condition = ({ names, commands: below }: CompletedCommand): string =>
    [
      ...names.split(' ').flatMap((name) => (name === '' ? [] : [`__fish_seen_subcommand_from ${name}`])),
      ...(below.length === 0
        ? []
        : [`not __fish_seen_subcommand_from ${below.map(({ word }) => word).join(' ')}`]),
    ].join('; and ');
  const value = ({ value }: CompletedOption): string => {
    if (value === null) return '';
    if (value === 'path') return ' -r -F';
    return value === 'other' ? ' -x' : ` -x -a ${quoted(value.join(' '))}`;
  };
  const lines = commands.flatMap((command) => [
    ...command.commands.map(
      ({ word, about }) =>
        `complete -c holdfast -n ${quoted(condition(command))} -f -a ${word} -d ${quoted(about)}`,
    ),
    ...command.options.map(
      (option) =>
        `complete -c holdfast -n ${quoted(condition(command))} -l ${option.word.replace(/^--/, '')}${value(option)} -d ${quoted(option.about)}`,
    ),
  ]);
  return `# fish completion of holdfast\n${lines.join('\n')}\n`;
}
