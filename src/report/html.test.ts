import { describe, expect, it } from 'vitest';
import { html, trusted } from './html.js';
import { page } from './page.js';

describe('markup', () => {
  it('escapes values, in text and in attributes', () => {
    const wild = `<script>"&'</script>`;
    const escaped = '&lt;script&gt;&quot;&amp;&#39;&lt;/script&gt;';
    expect(html`<p title="${wild}">${wild}</p>`.markup).toBe(`<p title="${escaped}">${escaped}</p>`);
  });

  it('inserts markup unchanged, one piece or many', () => {
    const items = ['a', '<b>'].map((text) => html`<li>${text}</li>`);
    expect(html`<ul>${items}</ul>${trusted('<hr>')}${3}`.markup).toBe(
      '<ul><li>a</li><li>&lt;b&gt;</li></ul><hr>3',
    );
  });
});

describe('a page', async () => {
  const text = await page({ title: 'A & B', style: '.own { color: red; }', body: html`<p>${'1 < 2'}</p>` });

  it('is self-contained: it refers to no other file, and forbids itself to fetch', () => {
    expect(text).not.toMatch(/https?:|src=|href=|url\(|@import|<script|<link/);
    expect(text).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
  });

  it('escapes title and body, and adds its own style', () => {
    expect(text).toContain('<title>A &amp; B</title>');
    expect(text).toContain('<p>1 &lt; 2</p>');
    expect(text).toContain('.own { color: red; }');
  });

  it('supports light and dark', () => {
    expect(text).toContain('color-scheme: light dark');
    expect(text).toContain('prefers-color-scheme: dark');
  });
});
