/** What a still page leaves out: all that only a live page can do. */
const LIVE =
  'script, link, noscript, meta[http-equiv], meta[name=holdfast-engine], .composer, .views, .actions, .field, .tabs, .tools, .banner, .switch, .prompt-heat, .file, button, select, input';

/** What a slider has and a picture has not. */
const NOT_STILL = ['tabindex', 'aria-valuemin', 'aria-valuemax', 'aria-valuenow', 'aria-valuetext'];

/** Returns the page as it is, as one file of HTML: styles inside, canvases as pictures, nothing to press but the tables. */
export function stillPage(live: Document): string {
  const page = live.documentElement.cloneNode(true) as HTMLElement;
  const canvases = live.querySelectorAll('canvas');
  for (const [index, copy] of page.querySelectorAll('canvas').entries()) {
    const picture = live.createElement('img');
    picture.src = canvases[index]!.toDataURL();
    picture.alt = '';
    copy.replaceWith(picture);
  }
  for (const strip of page.querySelectorAll('[role=slider]')) {
    strip.setAttribute('role', 'img');
    for (const name of NOT_STILL) strip.removeAttribute(name);
  }
  const fields = live.querySelectorAll('textarea');
  for (const [index, copy] of page.querySelectorAll('textarea').entries()) {
    const words = live.createElement('p');
    words.className = 'text';
    words.textContent = fields[index]!.value;
    copy.replaceWith(words);
  }
  for (const element of page.querySelectorAll(LIVE)) element.remove();
  const policy = live.createElement('meta');
  policy.httpEquiv = 'Content-Security-Policy';
  policy.content = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";
  const style = live.createElement('style');
  style.textContent = [...live.styleSheets]
    .flatMap((sheet) => [...sheet.cssRules].map(({ cssText }) => cssText))
    .join('\n')
    .replaceAll('.strip canvas', '.strip img')
    .replaceAll('.head-map canvas', '.head-map img');
  page.querySelector('head')!.append(policy, style);
  return `<!doctype html>\n${page.outerHTML}\n`;
}
