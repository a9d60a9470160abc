import type { CellNews, CellState, StudyCell, StudyEvent } from '../../../src/studio/study-protocol.js';

/** A study that is open. */
export interface OpenStudy {
  readonly name: string;
  readonly cells: readonly StudyCell[];
  /** What is known of each cell. */
  readonly news: readonly CellNews[];
  /** Whether the folder has been read once: until then, nobody knows what is missing. */
  readonly isRead: boolean;
  /** When the report was written; null if there is none. */
  readonly reportMs: number | null;
}

/** Returns a study after an event. */
export function afterEvent(before: OpenStudy | null, event: StudyEvent): OpenStudy | null {
  if (event.kind === 'plan') {
    const { name, cells } = event;
    const news = cells.map((_, at) => ({ at, state: 'missing', error: null, writtenMs: 0 }) as const);
    return { name, cells, news, isRead: false, reportMs: before?.reportMs ?? null };
  }
  if (before === null) return null;
  if (event.kind === 'read') return { ...before, isRead: true };
  if (event.kind === 'report') return { ...before, reportMs: event.writtenMs };
  const news = [...before.news];
  for (const one of event.cells) news[one.at] = one;
  return { ...before, news };
}

/** How far a study is. */
export interface Progress {
  readonly counts: Readonly<Record<CellState, number>>;
  readonly total: number;
  /** When the newest cell was written; null for none. */
  readonly newestMs: number | null;
  /** Cells a minute over the last ten minutes; null if fewer than two were written then. */
  readonly perMinute: number | null;
}

const WINDOW_MS = 10 * 60_000;

/** Returns how far a study is. @param nowMs milliseconds since 1970 */
export function progressOf({ news }: Pick<OpenStudy, 'news'>, nowMs: number): Progress {
  const counts = { missing: 0, done: 0, failed: 0, damaged: 0 };
  let newest = 0;
  let first = nowMs;
  let recent = 0;
  for (const { state, writtenMs } of news) {
    counts[state]++;
    newest = Math.max(newest, writtenMs);
    if (writtenMs < nowMs - WINDOW_MS) continue;
    recent++;
    first = Math.min(first, writtenMs);
  }
  const perMinute = recent < 2 || first >= nowMs ? null : (60_000 * recent) / (nowMs - first);
  return { counts, total: news.length, newestMs: newest === 0 ? null : newest, perMinute };
}
