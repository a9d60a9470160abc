import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { POLICIES, POLICY_RULES } from '../../src/attention/index.js';
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
  const page = read('docs/guide/chat.md');
  const section = page.slice(page.indexOf('### Policies'), page.indexOf('## In the chat'));
  const rows = section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()));

  it('have a table with a row for each policy, equal to the one in the code', () => {
    const expected = POLICIES.map((policy) => {
      const { formula, symbol, minimum, maximum, identity, stronger, noStrength, source } =
        POLICY_RULES[policy];
      const strength =
        noStrength === null
          ? [`${symbol} from ${minimum} to ${maximum}`, `${identity}`, stronger]
          : ['none', '', ''];
      return [`\`${policy}\``, formula, ...strength, source];
    });
    expect(rows).toEqual(expected);
  });

  it.each(['README.md', 'docs/guide/study-spec.md'])('%s names every policy', (path) => {
    const text = read(path);
    for (const policy of POLICIES) expect(text, policy).toMatch(new RegExp(`\\b${policy}\\b`));
  });

  it('show the current message for an unknown name', () => {
    expect(read('docs/errors.md')).toContain(`Known: ${POLICIES.join(', ')}\n`);
  });
});
