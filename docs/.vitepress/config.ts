/** The site of the documentation: every Markdown page of the repository. `npm run docs:build` */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig, type MarkdownRenderer } from 'vitepress';
import { anchorOf, linkTarget, NO_PAGES, ROOT, siteAddress, sitePath } from './links.js';
import { sidebar } from './sidebar.js';

/** Files that pages link to, besides other pages. */
const linkedFiles = new Set<string>();

export default defineConfig({
  title: 'Holdfast',
  description: 'How a language model holds on to its system prompt, measured and changed.',
  lang: 'en-GB',
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  srcDir: ROOT,
  srcExclude: [...NO_PAGES],
  outDir: join(ROOT, 'docs/.vitepress/dist'),
  cacheDir: join(ROOT, 'docs/.vitepress/cache'),
  rewrites: sitePath,
  markdown: {
    anchor: { slugify: anchorOf },
    config(markdown) {
      followLinks(markdown);
      fenceCode(markdown);
    },
  },
  themeConfig: {
    sidebar: sidebar(),
    nav: [
      { text: 'Documentation', link: '/docs/' },
      { text: 'Guides', link: '/docs/guide/' },
      { text: 'Results', link: '/docs/results/' },
      { text: 'Errors', link: '/docs/errors.html' },
    ],
    outline: [2, 3],
    search: { provider: 'local' },
  },
  buildEnd({ outDir }) {
    for (const path of linkedFiles) cpSync(ROOT + path, join(outDir, path));
  },
});

/** Makes every link lead to its page in the site, and fails for one that leads nowhere. */
function followLinks(markdown: MarkdownRenderer): void {
  markdown.core.ruler.push('links', ({ tokens, env }) => {
    for (const { children } of tokens) {
      for (const token of children ?? []) {
        const href = token.type === 'link_open' ? token.attrGet('href') : null;
        const target = href === null ? null : linkTarget(pageOf(env), href);
        if (target === null) continue;
        token.attrSet('href', siteAddress(target));
        if (target.path.endsWith('.md')) continue;
        linkedFiles.add(target.path);
        token.attrSet('target', '_blank');
      }
    }
  });
}

/** Shows indented code as fenced code is shown: in a box that scrolls. */
function fenceCode(markdown: MarkdownRenderer): void {
  markdown.core.ruler.push('code', ({ tokens }) => {
    for (const token of tokens) {
      if (token.type === 'code_block') Object.assign(token, { type: 'fence', info: 'txt' });
    }
  });
}

/** Returns the path of the page that is being rendered, from the repository's root. */
const pageOf = ({ realPath, path }: { readonly realPath?: string; readonly path: string }): string =>
  (realPath ?? path).slice(ROOT.length);
