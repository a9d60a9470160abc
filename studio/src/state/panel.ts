import { signal } from '@preact/signals';

/** The tabs of the panel beside the dialogue. */
export const PANELS = ['hold', 'word', 'map', 'course'] as const;
/** One of {@link PANELS}. */
export type Panel = (typeof PANELS)[number];
/** The tab that is shown. */
export const panel = signal<Panel>('hold');
