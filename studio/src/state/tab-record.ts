/** Where a tab keeps the name of its record, for the page after a reload. */
const OWN = 'holdfast-record';
/** How long a page waits for the one before a reload: to let go of its record, and to have written it. */
export const WAIT_MS = 1000;

/**
 * Returns the name of a record that no other tab has, and keeps it from others as long as the page is there: the record that
 * this tab had before a reload, else the first free one, else a new one.
 * @param known the names of the records that there are
 */
export async function takeRecord(known: readonly string[]): Promise<string> {
  const own = sessionStorage.getItem(OWN);
  const name = await free(own, known);
  // A tab that is duplicated copies its storage, so the name is there only while no page is.
  sessionStorage.removeItem(OWN);
  addEventListener('pageshow', () => sessionStorage.removeItem(OWN));
  addEventListener('pagehide', () => sessionStorage.setItem(OWN, name));
  return name;
}

async function free(own: string | null, known: readonly string[]): Promise<string> {
  const fresh = crypto.getRandomValues(new Uint32Array(4)).join('-');
  // A page from another machine over plain HTTP has no locks, so it cannot know which records are free.
  if (navigator.locks === undefined) return own ?? fresh;
  if (own !== null && (await lock(own, { signal: AbortSignal.timeout(WAIT_MS) }))) return own;
  for (const name of known) if (await lock(name, { ifAvailable: true })) return name;
  await lock(fresh, {});
  return fresh;
}

/** Locks a record until the page is gone. Returns whether it could. */
function lock(name: string, options: LockOptions): Promise<boolean> {
  return new Promise((resolve) => {
    const held = navigator.locks.request(`holdfast-studio ${name}`, options, (granted) => {
      resolve(granted !== null);
      return granted === null ? undefined : new Promise(() => {});
    });
    held.catch(() => resolve(false));
  });
}
