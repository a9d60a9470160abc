/** What the worker and the main thread tell each other in shared memory, which is there also if the worker hangs or dies. */

/** Numbers: the worker counts, and the main thread sets `stop`. */
const SLOTS = ['done', 'accepted', 'made', 'beats', 'length', 'stop'];
const HEADER_BYTES = 4 * SLOTS.length;
/** The longest input that the main thread can know of. */
const MOST_BYTES = 2 ** 20;

export const newMemory = () => new SharedArrayBuffer(HEADER_BYTES + MOST_BYTES);

/** A view of the memory for one of the threads. */
export class Progress {
  #numbers;
  #input;

  constructor(memory) {
    this.#numbers = new Int32Array(memory, 0, SLOTS.length);
    this.#input = new Uint8Array(memory, HEADER_BYTES);
  }

  get(slot) {
    return Atomics.load(this.#numbers, SLOTS.indexOf(slot));
  }

  set(slot, number) {
    Atomics.store(this.#numbers, SLOTS.indexOf(slot), number);
  }

  count(slot) {
    Atomics.add(this.#numbers, SLOTS.indexOf(slot), 1);
  }

  /** The input that runs now. */
  get input() {
    return this.#input.slice(0, this.get('length'));
  }

  set input(input) {
    this.#input.set(input.subarray(0, this.#input.length));
    this.set('length', input.length);
    this.count('beats');
  }
}
