import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.js';
import { expectFailure, holdfast, succeed, temporaryFile } from './holdfast.js';

const has = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0;

describe.skipIf(!has('bash'))('in bash', () => {
  it('completes commands, options, values and files', async () => {
    const script = temporaryFile('completion.bash', await succeed(['completion', 'bash']));
    const file = temporaryFile('prompt.txt', '');
    const lines: readonly (readonly [line: string, words: string])[] = [
      ['ch', 'chat'],
      ['', COMMANDS.map(({ name }) => name).join(' ')],
      ['study r', 'run report'],
      ['study run --dr', '--dry-run'],
      ['--quiet tokens --te', '--text'],
      ['chat organism --on-context-full ', 'error drop-oldest'],
      ['chat --executor=x --qu', '--quiet'],
      [`chat --system-file ${file.slice(0, -3)}`, file],
      ['chat --seed ', ''],
      ['models r', 'rm'],
    ];
    const program = [
      `. ${script}`,
      ...lines.map(
        ([line]) =>
          `COMP_WORDS=(holdfast ${line}${line === '' || line.endsWith(' ') ? ' ""' : ''}); COMP_CWORD=$((\${#COMP_WORDS[@]}-1)); _holdfast; echo "\${COMPREPLY[*]}"`,
      ),
    ];
    const { stdout, stderr } = spawnSync('bash', ['-c', program.join('\n')], { encoding: 'utf8', cwd: '/' });
    expect(stderr).toBe('');
    const completed = stdout.split('\n');
    for (const [at, [line, words]] of lines.entries()) {
      if (line === '') expect(completed[at]!.startsWith(`${words} `), completed[at]).toBe(true);
      else expect(completed[at], line).toBe(words);
    }
  });
});

describe('the scripts of all shells', () => {
  it.each(['bash', 'zsh', 'fish'])('name every command and option, as %s reads it', async (shell) => {
    const script = await succeed(['completion', shell]);
    for (const { name } of COMMANDS) expect(script).toContain(name);
    expect(script).toContain('drop-oldest');
    expect(script).toContain(shell === 'fish' ? '-l system-file -r -F' : '--system-file');
    if (!has(shell)) return;
    const file = temporaryFile(`completion.${shell}`, script);
    expect(spawnSync(shell, ['-n', file], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  });

  it('are those of three shells', async () => {
    expectFailure(await holdfast(['completion', 'tcsh']), 2, /Allowed choices are bash, zsh, fish/);
  });
});
