import { ApiError } from './api-error.js';
import type { ServedModel } from './served-model.js';

/** A model that can be served: its name, its size, and how it is loaded. */
export interface ShelfEntry {
  /** The name that requests give. */
  readonly id: string;
  /** Returns the size of the weights in bytes. Asked before the model is loaded. */
  bytes(): Promise<number>;
  load(): Promise<ServedModel>;
}

/** A model that a request uses. */
export interface ModelLease {
  readonly served: ServedModel;
  /** May be called more than once. */
  release(): void;
}

interface Place {
  readonly entry: ShelfEntry;
  loading: Promise<ServedModel> | null;
  served: ServedModel | null;
  bytes: number;
  users: number;
  /** Larger if used later. */
  used: number;
}

/** How soon a client should try again when all loaded models are in use. */
const RETRY_MS = 2000;

/**
 * The models of a server. They are loaded when a request names them, and unloaded again, the one used longest ago first, when
 * another needs the memory. A name that is not on the shelf loads nothing.
 */
export class ModelShelf {
  readonly #places: readonly Place[];
  #uses = 0;
  /** The load that was asked for last. One loads after the other, so that each finds the memory that is left. */
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param entries at least one; the first answers requests that name no model
   * @param memory bytes of weights that may be loaded at once
   */
  constructor(
    entries: readonly ShelfEntry[],
    private readonly memory: number,
  ) {
    this.#places = entries.map((entry) => ({
      entry,
      loading: null,
      served: null,
      bytes: 0,
      users: 0,
      used: 0,
    }));
  }

  get ids(): readonly string[] {
    return this.#places.map(({ entry }) => entry.id);
  }

  /** The loaded models. */
  get loaded(): readonly ServedModel[] {
    return this.#places.flatMap(({ served }) => served ?? []);
  }

  /**
   * Takes a model, and loads it if necessary.
   * @param name null for the first; if there is only one, it answers to every name
   * @throws ApiError 404 for a name that is not on the shelf; 503 if the models in use leave no memory
   */
  async take(name: string | null): Promise<ModelLease> {
    const place = this.#find(name);
    // Counted while it loads, so that no other request unloads it.
    place.users++;
    place.used = ++this.#uses;
    let taken = true;
    const release = (): void => {
      if (taken) place.users--;
      taken = false;
    };
    try {
      place.loading ??= this.#inTurn(() => this.#load(place));
      return { served: await place.loading, release };
    } catch (error) {
      place.loading = null;
      release();
      throw error;
    }
  }

  async dispose(): Promise<void> {
    for (const place of this.#places) await this.#unload(place);
  }

  #find(name: string | null): Place {
    const [first] = this.#places;
    const found = this.#places.find(({ entry }) => entry.id === name);
    if (found !== undefined) return found;
    if (name === null || this.#places.length === 1) return first!;
    throw new ApiError(404, `there is no model of this name here. Served: ${this.ids.join(', ')}`, {
      param: 'model',
      code: 'model_not_found',
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }

  async #load(place: Place): Promise<ServedModel> {
    const bytes = await place.entry.bytes();
    await this.#makeRoom(bytes);
    place.bytes = bytes;
    try {
      place.served = await place.entry.load();
      return place.served;
    } catch (error) {
      place.bytes = 0;
      throw error;
    }
  }

  async #makeRoom(bytes: number): Promise<void> {
    for (;;) {
      const taken = this.#places.reduce((sum, place) => sum + place.bytes, 0);
      if (taken === 0 || taken + bytes <= this.memory) return;
      const [oldest] = this.#places
        .filter(({ served, users }) => served !== null && users === 0)
        .sort((a, b) => a.used - b.used);
      if (oldest === undefined) {
        throw new ApiError(503, 'the models in use leave no memory for this one: try again', {
          code: 'no_memory',
          retryAfterMs: RETRY_MS,
        });
      }
      await this.#unload(oldest);
    }
  }

  async #unload(place: Place): Promise<void> {
    const { served } = place;
    place.served = null;
    place.loading = null;
    place.bytes = 0;
    await served?.dispose();
  }
}
