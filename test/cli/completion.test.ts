import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.js';
import { expectFailure, holdfast, succeed, temporaryFolder } from './holdfast.js';

const has = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0;

/** The files of the folder in which lines are completed. */
const FILES = ['prompt.txt'];

/** Lines that are completed at their end, and the words that complete them, sorted. */
const LINES: readonly (readonly [line: string, words: readonly string[]])[] = [
  ['ch', ['chat']],
  ['', COMMANDS.map(({ name }) => name).sort()],
  ['study r', ['report', 'run']],
  ['study run --dr', ['--dry-run']],
  ['--quiet tokens --te', ['--text']],
  ['chat organism --on-context-full ', ['drop-oldest', 'error']],
  ['chat --on-context-full=dr', ['drop-oldest']],
  ['chat --executor=x --qu', ['--quiet']],
  ['chat --system-file ', FILES],
  ['chat --seed ', []],
  ['models r', ['rm']],
  ['completion ', ['bash', 'fish', 'zsh']],
  ['view ', FILES],
  // A word that is also the name of a command.
  ['chat study ', FILES],
  ['chat study --qu', ['--quiet']],
];

/** Each shell's program: writes the words that complete each line of the file `lines` to its output, line by line. */
const DRIVERS: Readonly<
  Record<string, { readonly files: Readonly<Record<string, string>>; readonly words: readonly string[] }>
> = {
  bash: {
    words: ['../driver'],
    files: {
      driver: `
. ../script
while IFS= read -r line; do
  # Bash takes = for a word of its own.
  read -ra COMP_WORDS <<< "\${line//=/ = }"
  [[ $line == *" " ]] && COMP_WORDS+=("")
  COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
  _holdfast
  echo "\${COMPREPLY[*]}"
done < ../lines
`,
    },
  },
  fish: {
    words: ['--no-config', '../driver'],
    files: {
      driver: `
source ../script
for line in (cat ../lines)
  echo (complete -C "$line" | string replace -r '\\t.*' '')
end
`,
    },
  },
  // Zsh completes only on a terminal: a second zsh is given one, and the words are taken where it adds them.
  zsh: {
    words: ['-f', '../driver'],
    files: {
      driver: `
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "cd \${(q)PWD}; PROMPT=; source ../inside"
while zpty -r shell shown; do :; done
cat ../completed
`,
      inside: `
autoload -Uz compinit; compinit -u -D
source ../script
setopt noautomenu nobeep
compadd() {
  [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]] && { builtin compadd "$@"; return }
  local -a added
  builtin compadd -O added "$@"
  found+=($added)
  builtin compadd "$@"
}
complete-lines() {
  local line
  while IFS= read -r line; do
    BUFFER=$line; CURSOR=$#BUFFER
    typeset -ga found; found=()
    zle complete-word
    print -r -- $found >> ../completed
  done < ../lines
  BUFFER=exit; zle accept-line
}
zle -N zle-line-init complete-lines
`,
    },
  },
};

/** Returns the words with which a shell completes each line, sorted, in a folder that has {@link FILES}. */
function completedBy(shell: string, script: string): string[][] {
  const { files, words } = DRIVERS[shell]!;
  const folder = temporaryFolder();
  const lines = LINES.map(([line]) => `holdfast ${line}\n`).join('');
  for (const [name, text] of Object.entries({ ...files, script, lines })) {
    writeFileSync(join(folder, name), text);
  }
  const cwd = join(folder, 'here');
  mkdirSync(cwd);
  for (const name of FILES) writeFileSync(join(cwd, name), '');
  const { stdout, stderr } = spawnSync(shell, words, { cwd, encoding: 'utf8', timeout: 60_000 });
  expect(stderr).toBe('');
  return stdout
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => line.split(' ').filter((word) => word !== ''))
    .map((completed) => completed.map((word) => word.replace(/^--[a-z-]+=/, '')).sort());
}

const absent = Object.keys(DRIVERS).filter((shell) => !has(shell));
if (absent.length > 0) {
  console.warn(`skipped: completion in ${absent.join(' and ')}, because they are not installed`);
}

describe('completion', () => {
  for (const shell of Object.keys(DRIVERS)) {
    it.skipIf(absent.includes(shell))(
      `in ${shell} completes commands, options, values and files`,
      async () => {
        const completed = completedBy(shell, await succeed(['completion', shell]));
        expect(completed).toHaveLength(LINES.length);
        for (const [at, [line, words]] of LINES.entries()) expect(completed[at], line).toEqual(words);
      },
    );
  }

  it('has scripts for three shells', async () => {
    expectFailure(await holdfast(['completion', 'tcsh']), 2, /Allowed choices are bash, zsh, fish/);
  });
});
