import { signal } from '@preact/signals';

/** What the page shows: a dialogue, or studies. It is in the address, so that it can be linked. */
export const VIEWS = { '': 'Dialogue', studies: 'Studies' } as const;
export type View = keyof typeof VIEWS;

const inAddress = (): View => (location.hash.startsWith('#studies') ? 'studies' : '');

export const view = signal<View>(inAddress());
addEventListener('hashchange', () => {
  view.value = inAddress();
});

/** Whether the page is drawn for a file, which has all tables: nothing can be asked of it later. */
export const isStill = signal(false);
