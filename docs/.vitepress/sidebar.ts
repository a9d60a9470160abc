/** The site's sidebar, made from the lists of `docs/README.md`. */
import { readFileSync } from 'node:fs';
import type { DefaultTheme } from 'vitepress';
import { linkTarget, ROOT, siteAddress } from './links.js';

const PAGE = 'docs/README.md';

/** Returns a group for each section of the page, with the links of its lists. An item without a link begins a group. */
export function sidebar(): DefaultTheme.SidebarItem[] {
  const [, ...sections] = readFileSync(ROOT + PAGE, 'utf8').split(/^## /m);
  return sections.map((section) => {
    const [text = '', ...lines] = section.split('\n');
    const items: DefaultTheme.SidebarItem[] = [];
    for (const line of lines) {
      const [, indent, words] = /^( *)(?:-|\d+\.) (.*)$/.exec(line) ?? [];
      if (words === undefined) continue;
      const links = linksOf(words);
      if (links.length === 0) items.push({ text: words.replace(/:$/, ''), items: [] });
      else if (indent === '') items.push(...links);
      else items.at(-1)?.items?.push(...links);
    }
    return { text, items, collapsed: text === 'Decisions' };
  });
}

function linksOf(words: string): DefaultTheme.SidebarItem[] {
  return [...words.matchAll(/\[([^\]]+)\]\(([^)]+)\)/g)].flatMap(([, text = '', href = '']) => {
    const target = linkTarget(PAGE, href);
    return target === null
      ? []
      : [{ text: text[0]!.toUpperCase() + text.slice(1), link: siteAddress(target) }];
  });
}
