import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { POLICIES, POLICIES_WITH_STRENGTH, POLICY_RULES } from '../../src/attention/index.js';
import { SHARE_COLUMNS } from '../../src/measure/share-columns.js';
import { KEY_COLUMNS } from '../../src/measure/share-table.js';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

describe('docs/errors.md', () => {
  const page = read('docs/errors.md');
  const source = read('src/errors.ts');
  const codes = [...source.slice(0, source.indexOf('interface')).matchAll(/^\s+\| '(E_\w+)'/gm)].map(
    ([, code]) => code!,
  );
  const sections = page.split(/^## /m).slice(1);

  it('has a section for exactly each error code, in order', () => {
    expect(codes.length).toBeGreaterThan(20);
    expect(sections.map((section) => section.split('\n', 1)[0])).toEqual(codes);
  });

  it.each(codes)('has an example message and a remedy for %s', (code) => {
    const section = sections.find((text) => text.startsWith(`${code}\n`)) ?? '';
    expect(section).toMatch(new RegExp(`^ {4}${code}: .+`, 'm'));
    expect(section).toMatch(/^\*\*What to do:\*\* \S/m);
  });

  it('names every code in its table', () => {
    for (const code of codes) expect(page).toContain(`[\`${code}\`](#${code.toLowerCase()})`);
  });
});

describe('docs/guide/measure.md', () => {
  const page = read('docs/guide/measure.md');

  it('describes every column of the table of shares', () => {
    const rows = page.split('\n').filter((line) => /\| (INT32|FLOAT) /.test(line));
    const named = rows.flatMap((row) =>
      [...row.split('|')[1]!.matchAll(/`(\w+)`/g)].map(([, name]) => name!),
    );
    expect(named.sort()).toEqual([...KEY_COLUMNS, ...SHARE_COLUMNS].sort());
  });
});

describe('the pages on policies', () => {
  /** Returns the lines of a page; those of a table without the spaces that align its columns. */
  const linesOf = (path: string): string[] => read(path).split('\n').map(withoutPadding);
  const withoutPadding = (line: string): string =>
    line.startsWith('|') ? line.replaceAll(/ *\| */g, ' | ').trim() : line;
  const code = (names: readonly string[]): string[] => names.map((name) => `\`${name}\``);
  const listOf = (words: readonly string[], last: 'and' | 'or'): string =>
    `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`;

  it('have a table with a row for each policy, equal to the one in the code', () => {
    const lines = linesOf('docs/guide/chat.md');
    const rows = lines
      .slice(lines.indexOf('### Policies'), lines.indexOf('## In the chat'))
      .filter((line) => line.startsWith('| `'));
    const expected = POLICIES.map((policy) => {
      const { formula, symbol, minimum, maximum, identity, stronger, noStrength, source } =
        POLICY_RULES[policy];
      const strength =
        noStrength === null
          ? [`${symbol} from ${minimum} to ${maximum}`, identity, stronger]
          : ['none', '', ''];
      return withoutPadding(`| ${[`\`${policy}\``, formula, ...strength, source].join(' | ')} |`);
    });
    const missing = expected.filter((row) => !rows.includes(row));
    if (missing.length > 0) expect.fail(`docs/guide/chat.md must have:\n${missing.join('\n')}`);
    expect(rows).toEqual(expected);
  });

  const otherThanSplit = POLICIES_WITH_STRENGTH.filter((policy) => policy !== 'split-softmax');
  const symbols = POLICIES_WITH_STRENGTH.map((policy) => POLICY_RULES[policy].symbol);
  it.each([
    ['docs/guide/study-spec.md', 'policy', `| \`policy\` | ${code(POLICIES).join(', ')} (`],
    [
      'docs/guide/study-spec.md',
      'split-softmax: 0.7',
      `| \`split-softmax: 0.7\` | a policy with a constant strength; likewise ${listOf(code(otherThanSplit), 'and')}. `,
    ],
    [
      'docs/guide/study-spec.md',
      'strength',
      `| \`strength\` | a constant strength: ${listOf(symbols, 'or')}; `,
    ],
    [
      'docs/errors.md',
      'E_POLICY',
      `    E_POLICY: "sharpen" is not a policy. Known: ${POLICIES.join(', ')}\n`,
    ],
  ])('%s lists every policy in its line on %s', (path, _, beginning) => {
    const isThere = linesOf(path).some((line) => `${line}\n`.startsWith(beginning));
    if (!isThere) expect.fail(`${path} must have a line that begins:\n${beginning}`);
  });

  it('README.md lists every policy in its comparison with other programs', () => {
    const row = linesOf('README.md').find((line) => line.startsWith('| split-softmax, '))!;
    // A name may be followed by that of its paper: `floor (Spotlight)`.
    const listed = row
      .split(' | ')[0]!
      .slice(2)
      .replaceAll(/ \(\w+\)/g, '');
    expect(listed).toBe(POLICIES.filter((policy) => policy !== 'off').join(', '));
  });
});
