import { describe, expect, it } from 'vitest';
import { type Problem, readYaml, type Tree } from './yaml-tree.js';

function treeOf(text: string): Tree {
  const read = readYaml(text);
  if ('problems' in read) throw new Error(JSON.stringify(read.problems));
  return read.tree;
}

function problemsOf(text: string): readonly Problem[] {
  const read = readYaml(text);
  return 'problems' in read ? read.problems : [];
}

describe('a YAML tree', () => {
  it('has for every node its key, line and column', () => {
    expect(treeOf('# first\na:\n  - 1\n  - {b: x}\n')).toEqual({
      kind: 'map',
      name: '',
      at: { line: 2, column: 1 },
      entries: [
        {
          key: 'a',
          at: { line: 2, column: 1 },
          value: {
            kind: 'list',
            name: 'a',
            at: { line: 3, column: 3 },
            items: [
              { kind: 'scalar', name: 'a', at: { line: 3, column: 5 }, value: 1 },
              {
                kind: 'map',
                name: 'a',
                at: { line: 4, column: 5 },
                entries: [
                  {
                    key: 'b',
                    at: { line: 4, column: 6 },
                    value: { kind: 'scalar', name: 'b', at: { line: 4, column: 9 }, value: 'x' },
                  },
                ],
              },
            ],
          },
        },
      ],
    });
  });

  it('reads off, yes and no as text', () => {
    expect(treeOf('[off, yes, no]')).toMatchObject({
      items: [{ value: 'off' }, { value: 'yes' }, { value: 'no' }],
    });
  });

  it('expands aliases, each with its own place', () => {
    expect(treeOf('a: &x [1]\nb: *x')).toMatchObject({
      entries: [{}, { value: { kind: 'list', at: { line: 2, column: 4 }, items: [{ value: 1 }] } }],
    });
  });

  it('is null for an empty file', () => {
    expect(treeOf('# nothing\n')).toMatchObject({ kind: 'scalar', value: null });
  });
});

describe('invalid YAML', () => {
  it.each<[string, string, Partial<Problem>[]]>([
    ['an unclosed bracket', 'a: [1\n', [{ line: 2, column: 1 }]],
    ['a key twice', 'a: 1\na: 2\n', [{ line: 2, column: 1, text: 'Map keys must be unique' }]],
    ['several documents', 'a: 1\n---\nb: 2\n', [{ line: 2, column: 1 }]],
    ['an unknown tag', 'a: !js x\n', [{ line: 1, column: 4, text: 'Unresolved tag: !js' }]],
    ['an alias without an anchor', 'a: *b\n', [{ line: 1, column: 4, text: 'there is no anchor &b' }]],
    [
      'an alias that contains itself',
      'a: &a [*a]\n',
      [{ line: 1, text: 'nested more than 20 levels deep: not a study' }],
    ],
    ['a tab for indentation, and another mistake', 'a:\n\tb: 1\nc: "x\n', [{ line: 2 }, { line: 4 }]],
  ])('%s', (_, text, problems) => {
    const found = problemsOf(text);
    expect(found).toMatchObject(problems);
  });

  it('stops expanding aliases of aliases at a limit', () => {
    const bomb = Array.from({ length: 9 }, (_, level) =>
      level === 0
        ? 'a0: &a0 [x, x, x, x, x, x, x, x, x]'
        : `a${level}: &a${level} [${Array(9)
            .fill(`*a${level - 1}`)
            .join(', ')}]`,
    ).join('\n');
    expect(problemsOf(bomb)).toMatchObject([{ text: expect.stringMatching(/^more than 20000 nodes/) }]);
  });

  it.each([
    ['brackets', '['.repeat(100_000)],
    ['braces with keys', '{a: '.repeat(50_000)],
    ['dashes on one line', `x:\n  ${'- '.repeat(50_000)}`],
    ['anchors', '? &a '.repeat(10_000)],
    ['tags', '? !!map '.repeat(10_000)],
    ['tabs', `- ${'-\t'.repeat(10_000)}`],
    [
      'lines of dashes',
      Array.from({ length: 300 }, (_, at) => `${' '.repeat(198 * at)}${'- '.repeat(99)}`)
        .join('\n')
        .slice(0, 2 ** 18),
    ],
    ['two documents', `a\n---\n${'? &a '.repeat(1000)}a\n`.repeat(2)],
    ['indentation', Array.from({ length: 300 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
  ])('rejects %s nested too deep', (_, text) => {
    expect(problemsOf(text)).toMatchObject([{ text: 'nested more than 20 levels deep: not a study' }]);
  });

  it.each([
    ['a plain text', (text: string) => `x: a${text}`],
    ['quotes', (text: string) => `x: "${text}"`],
    ['a block', (text: string) => `x: |\n  a ${text}\n`],
    ['a comment', (text: string) => `x: 1\n# ${text.replace('\n', '\n#')}`],
  ])('counts no brackets and dashes of %s', (_, write) => {
    for (const text of ['['.repeat(200), '{'.repeat(200), `a\n${'- '.repeat(200)}`]) {
      expect(treeOf(write(text.replace('\n', '\n  ')))).toMatchObject({ kind: 'map' });
    }
  });

  it('says where they nest too deep', () => {
    expect(problemsOf(`a: '[['\nb: ${'['.repeat(200)}`)).toMatchObject([{ line: 2, column: 103 }]);
  });

  it('tells twenty mistakes, and how many more there are', () => {
    const problems = problemsOf('"["'.repeat(50));
    expect(problems).toHaveLength(21);
    expect(problems.at(-1)).toMatchObject({
      line: 1,
      text: expect.stringMatching(/^\d+ more problems from here on$/),
    });
  });

  it('rejects a file that is too long', () => {
    expect(problemsOf(`a: ${'x'.repeat(300_000)}`)).toMatchObject([
      { text: expect.stringMatching(/^longer than/) },
    ]);
  });
});
