import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
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
