import { signal } from '@preact/signals';
import type { TokensList } from 'marked';

/** Reads Markdown into tokens. Null until somebody asks for it. */
export const lexer = signal<((text: string) => TokensList) | null>(null);

/** Whether answers are shown as Markdown instead of as coloured words. */
export const isMarkdown = signal(false);

export async function showMarkdown(shown: boolean): Promise<void> {
  if (shown) lexer.value ??= (await import('./lexer.js')).lexer;
  isMarkdown.value = shown;
}
