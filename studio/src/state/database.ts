/** A store of records, and the path of their keys. */
export interface Store {
  readonly name: string;
  readonly keyPath: string | string[];
}

/** What is written at once: all of it, or nothing. */
export interface Changes {
  readonly put: readonly { readonly store: Store; readonly record: object }[];
  readonly remove: readonly { readonly store: Store; readonly key: IDBValidKey | IDBKeyRange }[];
}

/**
 * Opens the browser's database with these stores. Stores of another version are removed.
 * @throws if there is none, as in some private windows, or a page of another version has it open
 */
export function openDatabase(name: string, version: number, stores: readonly Store[]): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, version);
    request.onupgradeneeded = () => {
      const { result } = request;
      for (const old of [...result.objectStoreNames]) result.deleteObjectStore(old);
      for (const { name, keyPath } of stores) result.createObjectStore(name, { keyPath });
    };
    request.onsuccess = () => {
      const { result } = request;
      result.onversionchange = () => result.close();
      resolve(result);
    };
    request.onblocked = () => reject(new Error('a page of another version is open'));
    request.onerror = () => reject(request.error);
  });
}

/** Reads all records of a store, or those in a range of keys. */
export function readAll<Stored>(
  database: IDBDatabase,
  { name }: Store,
  range?: IDBKeyRange,
): Promise<Stored[]> {
  return new Promise((resolve, reject) => {
    const request = database.transaction(name).objectStore(name).getAll(range);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * Writes changes. They are on their way when it returns, but a page that is being left may take them with it: the browser
 * drops a write whose page is gone before its space is granted.
 * @throws the browser's reason if nothing was written
 */
export function write(database: IDBDatabase, { put, remove }: Changes): Promise<void> {
  return new Promise((resolve, reject) => {
    const names = [...put, ...remove].map(({ store }) => store.name);
    const transaction = database.transaction([...new Set(names)], 'readwrite');
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error('it gives no reason'));
    for (const { store, record } of put) transaction.objectStore(store.name).put(record);
    for (const { store, key } of remove) transaction.objectStore(store.name).delete(key);
    // The browser would otherwise wait for the page to say that nothing more comes: one that is gone never does.
    transaction.commit();
  });
}
