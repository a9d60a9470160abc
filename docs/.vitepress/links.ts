/**
 * The links of the repository's Markdown pages. On GitHub, and in a checkout, a link is a path from the page to a file of the
 * repository. The site has a page for every Markdown file, and a copy of every other file that a page links to.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository, with a slash at the end. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Markdown files that are no pages of the site. */
export const NO_PAGES = [
  '!(bench|clients|docs|experiments|kernels|models|python|test)/**/*',
  'test/!(oracle)/**/*',
] as const;

/** What a link leads to: a file of the repository, and an anchor in it. */
export interface LinkTarget {
  /** The path from the repository's root. */
  readonly path: string;
  /** Empty for the whole page. */
  readonly anchor: string;
}

/**
 * Returns what a link leads to; null for a link to somewhere else. A link to a folder leads to its README.
 * @param page the path of the page from the repository's root
 * @throws Error if there is no such file, or no such heading on a page
 */
export function linkTarget(page: string, href: string): LinkTarget | null {
  if (/^(?:[a-z][a-z+.-]*:|\/\/)/i.test(href)) return null;
  const [place = '', anchor = ''] = href.split('#', 2);
  const named = place === '' ? page : posix.join(posix.dirname(page), decodeURI(place));
  const path = isFolder(named) ? posix.join(named, 'README.md') : named;
  if (path.startsWith('../') || !existsSync(ROOT + path)) {
    throw new Error(`${page}: the link ${href} leads to ${path}, which does not exist`);
  }
  if (anchor !== '' && path.endsWith('.md') && !anchorsOf(path).has(anchor)) {
    throw new Error(`${page}: the link ${href} names a heading that ${path} does not have`);
  }
  return { path, anchor };
}

/** Returns the path of a page in the site, without its leading slash: a README is the index of its folder. */
export const sitePath = (path: string): string => path.replace(/(^|\/)README\.md$/, '$1index.md');

/** Returns the address of a page or a file in the site. */
export function siteAddress({ path, anchor }: LinkTarget): string {
  const address = sitePath(path)
    .replace(/(^|\/)index\.md$/, '$1')
    .replace(/\.md$/, '.html');
  return `/${address}${anchor === '' ? '' : `#${anchor}`}`;
}

/** Returns the anchor of a heading, as GitHub makes it. */
export const anchorOf = (heading: string): string =>
  heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
    .replaceAll(' ', '-');

/** Returns a page's text without its blocks of code. */
export const withoutCode = (text: string): string => text.replace(/^( *)(`{3,}).*\n[\s\S]*?^\1\2 *$/gm, '');

/** Returns the anchors of a page. Of equal headings, the second ends in `-1`. */
function anchorsOf(path: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading] of withoutCode(readFileSync(ROOT + path, 'utf8')).matchAll(/^#{1,6} +(.+)$/gm)) {
    const anchor = anchorOf(heading!.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1'));
    let number = 0;
    while (anchors.has(number === 0 ? anchor : `${anchor}-${number}`)) number++;
    anchors.add(number === 0 ? anchor : `${anchor}-${number}`);
  }
  return anchors;
}

const isFolder = (path: string): boolean =>
  statSync(ROOT + path, { throwIfNoEntry: false })?.isDirectory() ?? false;
