import { html, type Markup, trusted } from './html.js';

/** CSS of every page: colours, sizes, headings, tables and figures. A page adds rules for anything else. */
const STYLE = `
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1f2328; --soft: #59636e; --line: #d1d9e0; --card: #f6f8fa;
  --off: #b35412; --held: #1a66b8; --bad: #c0232c; --bad-card: #fdeceb; --good: #1a7f37; --edge: #1f232838; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #0f1318; --ink: #e6edf3; --soft: #9aa5b1; --line: #313943; --card: #171c23;
    --off: #e8894a; --held: #62a8f5; --bad: #ff7b72; --bad-card: #2d1718; --good: #4fc266; --edge: #e6edf34d; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .6rem; letter-spacing: -.01em; }
h2 { font-size: 1.25rem; margin: 3rem 0 .8rem; }
p { margin: .5rem 0; max-width: 46rem; }
.soft { color: var(--soft); }
code { font: .88em/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
figure { margin: 1rem 0; }
figure svg { display: block; width: 100%; height: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 1rem 0; }
th, td { padding: .45rem .9rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child { text-align: left; padding-left: 0; }
th.words, td.words { text-align: left; }
td.words { white-space: normal; }
thead th { color: var(--soft); font-weight: 500; }
.wide { overflow-x: auto; background:
  linear-gradient(to right, var(--paper) 1rem, transparent) 0 0 / 3rem 100% no-repeat local,
  linear-gradient(to left, var(--paper) 1rem, transparent) 100% 0 / 3rem 100% no-repeat local,
  linear-gradient(to right, var(--edge), transparent) 0 0 / 1rem 100% no-repeat scroll,
  linear-gradient(to left, var(--edge), transparent) 100% 0 / 1rem 100% no-repeat scroll; }
.on-phone { display: none; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .35rem 1.25rem; margin: 1rem 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
@page { margin: 16mm 15mm; }
@media print { body { font-size: 10.5pt; } main { padding: 0; max-width: none; } figure, tr { break-inside: avoid; } h2, h3 { break-after: avoid; } .wide { overflow: visible; } }
@media screen and (max-width: 46rem) { .on-page { display: none; } .on-phone { display: block; } .on-phone svg { max-width: 30rem; } }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .6rem; } }
`;

/**
 * Returns a self-contained HTML page. It fetches nothing, and its content security policy forbids it to. The policy
 * allows only the given script, by its hash.
 */
export async function page({
  title,
  style = '',
  body,
  script = null,
}: {
  readonly title: string;
  /** CSS added to that of every page. */
  readonly style?: string;
  readonly body: Markup;
  /** JavaScript that runs once the page has loaded; null for none. */
  readonly script?: string | null;
}): Promise<string> {
  const scripts = script === null ? '' : `; script-src 'sha256-${await sha256(script)}'`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'${trusted(scripts)}">
<title>${title}</title>
<style>${trusted(STYLE + style)}</style>
</head>
<body>
<main>
${body}
</main>
${script === null ? '' : html`<script>${trusted(script)}</script>\n`}</body>
</html>
`.markup;
}

/** Returns the hash in base64, as a content security policy writes it. */
async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(digest)));
}
