/** Text that is already markup. Only {@link html} and {@link trusted} create it. */
export interface Markup {
  readonly markup: string;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A template tag for markup: escapes every value that is not markup. */
export function html(
  strings: TemplateStringsArray,
  ...values: readonly (string | number | Markup | readonly Markup[])[]
): Markup {
  const parts = values.map((value, index) => markupOf(value) + strings[index + 1]!);
  return { markup: strings[0]! + parts.join('') };
}

/** Marks text as markup. Its source must have escaped it, as a drawn figure does. */
export function trusted(markup: string): Markup {
  return { markup };
}

/** Returns JSON for a script element: nothing in it can end the element or begin a comment. */
export function embeddedJson(data: unknown): Markup {
  const json = JSON.stringify(data)
    .replaceAll('<', '\\u003c')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
  return trusted(json);
}

function markupOf(value: string | number | Markup | readonly Markup[]): string {
  if (typeof value === 'object') {
    return 'markup' in value ? value.markup : value.map(({ markup }) => markup).join('');
  }
  return String(value).replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}
