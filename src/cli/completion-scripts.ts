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
  /** What may follow it besides options: the commands below it, or the words that its argument may be. Without any: files. */
  readonly following: readonly CompletedWord[];
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

/** Returns what leads from a command to the next one, each quoted: `" study"`, `"study run"`. */
const calls = (commands: readonly CompletedCommand[]): string[] =>
  commands
    .filter(({ names }) => names !== '')
    .map(({ names }) => (names.includes(' ') ? `"${names}"` : `" ${names}"`));

export function bashScript(commands: readonly CompletedCommand[]): string {
  const words = (all: readonly CompletedWord[]): string => all.map(({ word }) => word).join(' ');
  return `# bash completion of holdfast
_holdfast() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" command="" word following="" options=""
  COMPREPLY=()
  # --option=value is three words.
  if [[ $cur == = ]]; then cur=""; elif [[ $prev == = ]]; then prev="\${COMP_WORDS[COMP_CWORD-2]}"; fi
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$command $word" in
      ${calls(commands).join('|')}) command="\${command:+$command }$word";;
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
    ({ names, following, options }) =>
      `    "${names}") following="${words(following)}"; options="${words(options)}";;`,
  )
  .join('\n')}
  esac
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$cur"))
  elif [[ -n $following ]]; then
    COMPREPLY=($(compgen -W "$following" -- "$cur"))
  else
    COMPREPLY=($(compgen -f -- "$cur"))
  fi
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
  local command="" word previous="\${words[CURRENT-1]}"
  local -a following options
  if [[ $PREFIX == --*=* ]]; then previous="\${PREFIX%%=*}"; compset -P '*='; fi
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$command $word" in
      (${calls(commands).join('|')}) command="\${command:+$command }$word";;
    esac
  done
  case "$command:$previous" in
${valueCases(commands, {
  open: '(',
  path: '_files; return',
  words: (choices) => `compadd -- ${choices.join(' ')}; return`,
}).join('\n')}
  esac
  case "$command" in
${commands
  .map(
    ({ names, following, options }) =>
      `    ("${names}") following=(${described(following)}); options=(${described(options)});;`,
  )
  .join('\n')}
  esac
  if [[ $PREFIX == -* ]]; then
    _describe -o option options
  else
    if (( $#following )); then _describe word following; else _files; fi
  fi
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _holdfast "$@"; else compdef _holdfast holdfast; fi
`;
}

export function fishScript(commands: readonly CompletedCommand[]): string {
  const called = ({ names }: CompletedCommand): string => quoted(`__holdfast_called ${quoted(names)}`);
  const value = ({ value }: CompletedOption): string => {
    if (value === null) return '';
    if (value === 'path') return ' -r -F';
    return value === 'other' ? ' -x' : ` -x -a ${quoted(value.join(' '))}`;
  };
  const lines = commands.flatMap((command) => [
    ...command.following.map(
      ({ word, about }) =>
        `complete -c holdfast -n ${called(command)} -f -a ${word}${about === '' ? '' : ` -d ${quoted(about)}`}`,
    ),
    ...command.options.map(
      (option) =>
        `complete -c holdfast -n ${called(command)} -l ${option.word.replace(/^--/, '')}${value(option)} -d ${quoted(option.about)}`,
    ),
  ]);
  return `# fish completion of holdfast
function __holdfast_called -d 'Whether the words before the cursor call this command'
  set -l command ''
  for word in (commandline -opc)[2..]
    switch "$command $word"
      case ${calls(commands).join(' ')}
        set command (string trim "$command $word")
    end
  end
  test "$command" = "$argv[1]"
end
${lines.join('\n')}
`;
}
