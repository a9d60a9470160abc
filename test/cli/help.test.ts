import { Command } from 'commander';
import { afterEach, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.js';
import { createScreen } from '../../src/cli/demo/screen.js';
import { createProgressLine } from '../../src/cli/running/progress.js';
import { createOutput } from '../../src/cli/terminal/output.js';
import { setVerbosity } from '../../src/cli/terminal/verbosity.js';
import { expectFailure, fixture, holdfast, succeed } from './holdfast.js';
import { hasScript, type } from './terminal.js';

/** All commands with their subcommands, and the words that call them. */
async function allCommands(): Promise<{ readonly words: string; readonly command: Command }[]> {
  const program = new Command();
  for (const { name, load } of COMMANDS) (await load())(program.command(name));
  const below = (command: Command, words: string): { words: string; command: Command }[] => [
    { words, command },
    ...command.commands.flatMap((each) => below(each, `${words} ${each.name()}`)),
  ];
  return program.commands.flatMap((command) => below(command, command.name()));
}

afterEach(() => setVerbosity({ quiet: false, debug: false }));

describe('help', () => {
  it('writes every default in one form, at the end', async () => {
    const odd: string[] = [];
    for (const { words, command } of await allCommands()) {
      for (const { long, description, argChoices } of command.options) {
        const rest = description.replace(/ \(default: [^()]+(?:\([^()]*\)[^()]*)?\)$/, '');
        const one = `${words} ${long}: ${description}`;
        if (/\((?:all|auto|cpu|held|error|message|\d+(?:\.\d+)?)\)|\bdefault\b/.test(rest)) odd.push(one);
        // Choices are part of the sentence.
        if (argChoices?.some((choice) => !description.includes(choice))) odd.push(one);
      }
    }
    expect(odd).toEqual([]);
  });

  it('uses one word for one thing over all commands', async () => {
    const options = (await allCommands()).flatMap(({ words, command }) =>
      command.options.map(({ flags }) => `${words} ${flags}`),
    );
    expect(
      options.filter((option) => /--(?:pairs|trials)\b|<(?:dir|path)>|--system <file>/.test(option)),
    ).toEqual([]);
    expect(
      options.filter((option) => / --dialogues <n>$/.test(option)).map((option) => option.split(' --')[0]),
    ).toEqual(['measure', 'demo', 'study report', 'calibrate', 'audit']);
  });

  it('of a command has its fixed defaults too, and the options of every command', async () => {
    const help = (await succeed(['bench', '--help'])).replace(/\s+/g, ' ');
    expect(help).toContain('tokens in the prompt (default: 256)');
    expect(help).toContain('(default: cpu)');
    expect(help).toMatch(/Global Options: .*--quiet/);
  });

  it.each([['tokens'], ['trace']])('%s says that it took a text for the model', async (command) => {
    expectFailure(
      await holdfast([command, 'Hello there']),
      2,
      /"Hello there" was taken for the model: .* --text 'Hello there'\n$/,
    );
    expectFailure(await holdfast([command, fixture('models/llama')]), 2, /Give --text|give exactly one of/);
  });
});

describe('--quiet', () => {
  it('leaves out notes', async () => {
    const args = ['tokens', '--text', 'hello', '--json'];
    const loud = await holdfast(args);
    expect(loud.stderr).toMatch(/^note: no model named/);
    expect(await holdfast(['--quiet', ...args])).toEqual({ ...loud, stderr: '' });
    expect(await holdfast([...args, '--quiet'])).toEqual({ ...loud, stderr: '' });
  });

  it.each([
    ['', []],
    [', as JSON', ['--json']],
  ])('leaves out the notes of a chat%s, not what its commands answer', async (_, json) => {
    const chat = [
      'chat',
      fixture('models/llama'),
      '--system',
      'Hold.',
      '--max-tokens',
      '2',
      '--threads',
      '1',
    ];
    const args = [...chat, '--policy', 'split-softmax', '--strength', '1', '--temperature', '0', ...json];
    const lines = 'hi\n/set temperature\n';
    const loud = await holdfast(args, lines);
    expect(loud.stderr).toMatch(/k = 1 changes nothing[\s\S]*\ntemperature 0\n$/);
    expect((await holdfast([...args, '--quiet'], lines)).stderr).toBe('temperature 0\n');
  });

  it.skipIf(!hasScript)('leaves out the progress of bench on a terminal', async () => {
    const small = ['--prompt', '4', '--tokens', '2', '--rounds', '1', '--executor', 'reference'];
    const { screen } = await type(['bench', fixture('models/llama'), ...small, '--quiet'], []);
    expect(screen).toContain('tokens/s');
    expect(screen).not.toContain('\u001b');
  });

  it('leaves out the progress of the demo', () => {
    for (const quiet of [false, true]) {
      setVerbosity({ quiet, debug: false });
      const written: string[] = [];
      createScreen(createOutput({ isTTY: true, write: (text) => written.push(text) })).progress('1 of 2');
      expect(written.length).toBe(quiet ? 0 : 1);
    }
  });

  it('leaves out progress, not what goes wrong', () => {
    setVerbosity({ quiet: true, debug: false });
    const written: string[] = [];
    const line = createProgressLine(createOutput({ write: (text) => written.push(text) }));
    line.warn('a result is damaged');
    line.end();
    expect(written).toEqual(['a result is damaged\n']);
  });
});
