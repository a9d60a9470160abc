import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { anchorOf, linkTarget, ROOT, siteAddress, withoutCode } from '../../docs/.vitepress/links.js';
import { sidebar } from '../../docs/.vitepress/sidebar.js';

const pages = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .trim()
  .split('\n')
  .filter((path) => !path.startsWith('test/fixtures/'));

describe('the links of the pages', () => {
  it.each(pages)('of %s lead to a file and a heading that exist', (page) => {
    const text = withoutCode(readFileSync(ROOT + page, 'utf8')).replace(/`[^`\n]*`/g, '');
    const hrefs = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, href]) => href!);
    const broken = hrefs.flatMap((href) => {
      try {
        linkTarget(page, href);
        return [];
      } catch (error) {
        return [error instanceof Error ? error.message : error];
      }
    });
    expect(broken).toEqual([]);
  });

  it('are refused if they lead nowhere', () => {
    const from = 'docs/guide/trace.md';
    expect(() => linkTarget(from, 'no-page.md')).toThrow('docs/guide/no-page.md, which does not exist');
    expect(() => linkTarget(from, '../../../elsewhere.md')).toThrow('does not exist');
    expect(() => linkTarget(from, 'shares.md#no-heading')).toThrow(
      'a heading that docs/guide/shares.md does not have',
    );
    expect(() => linkTarget(from, '../../src')).toThrow('src/README.md, which does not exist');
  });

  it('lead to pages, files and folders of the site', () => {
    const address = (page: string, href: string): string | null => {
      const target = linkTarget(page, href);
      return target && siteAddress(target);
    };
    expect(address('docs/guide/trace.md', 'shares.md#means')).toBe('/docs/guide/shares.html#means');
    expect(address('docs/guide/trace.md', '#numpy')).toBe('/docs/guide/trace.html#numpy');
    expect(address('docs/README.md', '../README.md')).toBe('/');
    expect(address('docs/README.md', '../kernels')).toBe('/kernels/');
    expect(address('docs/guide/add-a-policy.md', '../../src/attention/policy.ts')).toBe(
      '/src/attention/policy.ts',
    );
    expect(address('docs/README.md', 'https://example.org/a.md')).toBeNull();
  });

  it('have the anchors that GitHub gives to headings', () => {
    expect(anchorOf('Held and clean cache')).toBe('held-and-clean-cache');
    expect(anchorOf('`E_POLICY`')).toBe('e_policy');
    expect(anchorOf('[decay](decay/report.md): how?'.replace(/\[(.*)\]\(.*?\)/, '$1'))).toBe('decay-how');
  });
});

describe('the sidebar', () => {
  const groups = sidebar();

  it('has a group for each section of docs/README.md, and one for studies', () => {
    expect(groups.map(({ text }) => text)).toEqual([
      'Guides',
      'Concepts and reference',
      'Results',
      'Decisions',
    ]);
    const studies = groups[0]?.items?.find(({ text }) => text === 'Studies');
    expect(studies?.items?.map(({ link }) => link)).toContain('/docs/guide/study-results.html');
  });

  it('has every page that is listed there, in the same order', () => {
    const linksIn = (items: typeof groups): unknown[] =>
      items.flatMap(({ link, items }) => (link === undefined ? linksIn(items ?? []) : [link]));
    const lists = readFileSync(`${ROOT}docs/README.md`, 'utf8').match(/^ *(?:-|\d+\.) .*$/gm)!;
    const hrefs = lists.flatMap((line) => [...line.matchAll(/\]\(([^)\s]+)\)/g)].map(([, href]) => href!));
    expect(hrefs).toContain('performance/gpu.md');
    expect(linksIn(groups)).toEqual(hrefs.map((href) => siteAddress(linkTarget('docs/README.md', href)!)));
  });
});
