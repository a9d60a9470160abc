/** Where a tab keeps the name of its record, for the page after a reload. */
const OWN = 'holdfast-record';
/** Where it keeps who holds that record's lock: the page that is being left, as the browser names it. */
const HOLDER = 'holdfast-holder';

/**
 * Returns the name of a record that no other tab has, and keeps it from others as long as the page is there: the record that
 * this tab had before a reload, else the first free one, else a new one.
 * @param known the names of the records that there are
 */
export async function takeRecord(known: readonly string[]): Promise<string> {
  const name = await free(sessionStorage.getItem(OWN), known);
  const holder = await holderOf(name);
  const forget = () => [OWN, HOLDER].forEach((key) => void sessionStorage.removeItem(key));
  // A tab that is duplicated copies its storage, so the name is there only while no page is.
  forget();
  addEventListener('pageshow', forget);
  addEventListener('pagehide', () => {
    sessionStorage.setItem(OWN, name);
    if (holder !== undefined) sessionStorage.setItem(HOLDER, holder);
  });
  return name;
}

async function free(own: string | null, known: readonly string[]): Promise<string> {
  const fresh = crypto.getRandomValues(new Uint32Array(4)).join('-');
  // A page from another machine over plain HTTP has no locks, so it cannot know which records are free.
  if (navigator.locks === undefined) return own ?? fresh;
  if (own !== null) {
    // The page before a reload is on its way out, however long a busy machine takes. Another tab may stay for hours.
    const isLeft = (await holderOf(own)) === sessionStorage.getItem(HOLDER);
    if (await lock(own, { ifAvailable: !isLeft })) return own;
  }
  for (const name of known) if (await lock(name, { ifAvailable: true })) return name;
  await lock(fresh, {});
  return fresh;
}

const lockOf = (name: string): string => `holdfast-studio ${name}`;

/** Returns the page that has a record, as the browser names it. */
async function holderOf(name: string): Promise<string | undefined> {
  const { held } = (await navigator.locks?.query()) ?? {};
  return held?.find((lock) => lock.name === lockOf(name))?.clientId;
}

/** Locks a record until the page is gone. Returns whether it could. */
function lock(name: string, options: LockOptions): Promise<boolean> {
  return new Promise((resolve) => {
    const held = navigator.locks.request(lockOf(name), options, (granted) => {
      resolve(granted !== null);
      return granted === null ? undefined : new Promise(() => {});
    });
    held.catch(() => resolve(false));
  });
}
