import { describe, expect, it } from 'vitest';
import { helpText, nearCommands, readInput } from '../../src/cli/chat/slash-commands.js';

describe('a line', () => {
  it.each([
    ['  ', { kind: 'nothing' }],
    ['hello / there ', { kind: 'message', text: 'hello / there' }],
    ['/off', { kind: 'command', name: 'off', argument: '' }],
    [' /policy  boost 2 ', { kind: 'command', name: 'policy', argument: 'boost 2' }],
    ['/', { kind: 'command', name: '', argument: '' }],
    ['//etc/hosts', { kind: 'message', text: '/etc/hosts' }],
  ])('%j', (line, input) => {
    expect(readInput(line)).toEqual(input);
  });
});

describe('an unknown command', () => {
  it.each([
    ['strenth', ['strength']],
    ['s', ['strength', 'shares', 'system', 'save']],
    ['SAVE', ['save']],
    ['of', ['off']],
    ['exit', ['quit']],
    ['constructor', []],
    ['', []],
  ])('/%s', (name, near) => {
    expect(nearCommands(name)).toEqual(near);
  });
});

it('help lists every command once, with a description', () => {
  const [commands, legend] = helpText().split('\n\n');
  const lines = commands!.split('\n');
  expect(lines.length).toBe(12);
  for (const line of lines) expect(line).toMatch(/^\/\S+( \S+)* {2,}\S/);
  // The explanation of the line under an answer, and the scale of its bars.
  expect(legend).toMatch(/prompt[\s\S]*sink[\s\S]*▁ below \.008.*█ from \.5/);
});
