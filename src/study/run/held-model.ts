import type { LoadedModel } from '../../load.js';
import type { ModelSpec } from '../spec/index.js';

/** Lends a thread's model to cells. */
export interface HeldModel {
  /**
   * Runs a cell with a model, which is loaded first if another one is held. Cells of one model run at once; a cell of
   * another model waits for them to end, because a thread never holds two models.
   */
  use<Result>(spec: ModelSpec, run: (model: LoadedModel) => Promise<Result>): Promise<Result>;
  /** Disposes of the model. Cells that still run fail at their next forward pass. */
  close(): Promise<void>;
}

interface Held {
  readonly key: string;
  readonly model: LoadedModel;
  /** The cells that use it, as promises that never reject. */
  readonly users: Set<Promise<void>>;
}

/** @param load loads a model */
export function holdModel(load: (spec: ModelSpec) => Promise<LoadedModel>): HeldModel {
  let held: Held | null = null;
  /** The last call that asked for a model: calls are served in order. */
  let asked: Promise<unknown> = Promise.resolve();

  let closed = false;

  async function drop(): Promise<void> {
    const model = held?.model;
    held = null;
    await model?.dispose();
  }

  async function ensure(spec: ModelSpec): Promise<Held> {
    const key = JSON.stringify(spec);
    if (held?.key === key) return held;
    await Promise.all(held?.users ?? []);
    await drop();
    if (closed) throw new Error('the thread is closing');
    held = { key, model: await load(spec), users: new Set() };
    return held;
  }

  return {
    async use(spec, run) {
      const started = asked.then(async () => {
        const { model, users } = await ensure(spec);
        const result = run(model);
        const user = result.then(
          () => {},
          () => {},
        );
        users.add(user);
        void user.then(() => users.delete(user));
        return { result };
      });
      asked = started.catch(() => {});
      return (await started).result;
    },
    async close() {
      closed = true;
      await drop();
      await asked; // a model may be loading
      await drop();
    },
  };
}
