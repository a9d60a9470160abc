import { describe, expect, it } from 'vitest';
import { isComplete, readInput } from '../../src/cli/chat/chat-input.js';
import { nearCommands } from '../../src/cli/chat/near-commands.js';
import { COMMAND_NAMES, completeCommand, helpText } from '../../src/cli/chat/slash-commands.js';
import { textWidth } from '../../src/cli/terminal/text-width.js';

describe('a line', () => {
  it.each([
    ['  ', { kind: 'nothing' }],
    ['hello / there ', { kind: 'message', text: 'hello / there' }],
    ['/off', { kind: 'command', name: 'off', argument: '' }],
    [' /policy  boost 2 ', { kind: 'command', name: 'policy', argument: 'boost 2' }],
    ['/', { kind: 'command', name: '', argument: '' }],
    ['//etc/hosts', { kind: 'message', text: '/etc/hosts' }],
    ['"""\none\n\ntwo\n"""', { kind: 'message', text: 'one\n\ntwo' }],
    ['"""one"""', { kind: 'message', text: 'one' }],
    ['/system """a\nb"""', { kind: 'command', name: 'system', argument: 'a\nb' }],
  ])('%j', (line, input) => {
    expect(readInput(line)).toEqual(input);
  });

  it.each([
    ['one', true],
    ['"""', false],
    ['""""', false],
    ['"""one\n', false],
    ['"""one\n""" ', true],
    ['/system """one', false],
    ['/system """one"""', true],
    ['she said """', true],
  ])('%j is complete: %s', (entry, complete) => {
    expect(isComplete(entry)).toBe(complete);
  });

  it('whose quotes are not closed is an error', () => {
    expect(() => readInput('"""one\ntwo')).toThrow(/E_USAGE.*has no end/);
  });
});

describe('an unknown command', () => {
  it.each([
    ['strenth', ['strength']],
    ['sh', ['shares']],
    ['s', ['strength', 'set', 'system', 'shares', 'stats', 'save']],
    ['SAVE', ['save']],
    ['of', ['off']],
    ['exit', ['quit']],
    ['bye', ['quit']],
    ['foo', []],
    ['constructor', []],
    ['', []],
  ])('/%s', (name, near) => {
    expect(nearCommands(name, COMMAND_NAMES)).toEqual(near);
  });
});

describe('completion', () => {
  it.each([
    ['/pol', 1, ['policy ']],
    ['/st', 1, ['strength ', 'stats ']],
    ['/policy s', 8, ['split-softmax ', 'sustain ']],
    ['/policy boost ', 14, []],
    ['/set top', 5, ['top-p ', 'top-k ']],
    ['/set cache ', 11, ['held ', 'clean ']],
    ['/set cache held ', 16, []],
    ['/save test/cli/chat-com', 15, ['chat-commands.test.ts']],
    ['/load test/fix', 11, ['fixtures/']],
    ['/load nowhere/', 6, []],
    ['/undo ', 6, []],
    ['hello', 5, []],
    ['say /po', 7, []],
  ])('of %j', (before, start, candidates) => {
    const completion = completeCommand(before);
    expect(completion.candidates).toEqual(candidates);
    if (candidates.length > 0) expect(completion.start).toBe(start);
  });
});

it('help lists every command once, with a description', () => {
  const [commands, legend] = helpText(null).split('\n\n');
  const lines = commands!.split('\n');
  expect(lines.length).toBe(COMMAND_NAMES.length + 2);
  for (const line of lines) expect(line).toMatch(/^\S+( \S+)* {2,}\S/);
  // The explanation of the line under an answer, and the scale of its bars.
  expect(legend).toMatch(/prompt[\s\S]*sink[\s\S]*▁ below \.008.*█ from \.5/);
});

it('help fits a narrow terminal without breaking words', () => {
  const whole = helpText(null);
  const lines = helpText(59).split('\n');
  expect(Math.max(...lines.map(textWidth))).toBeLessThan(60);
  expect(lines.join(' ').split(/\s+/)).toEqual(whole.split(/\s+/));
});
