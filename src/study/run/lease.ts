import { type Meter, type Model, meterModel, Session } from '../../engine/index.js';
import type { Arm } from '../plan/index.js';

/** A model for one dialogue, with a session whose cache may already hold the dialogue's system prompt. */
export interface Lease {
  readonly model: Model;
  readonly session: Session;
  /** Returns the tokens and passes since the lease began. */
  meter(): Pick<Meter, 'tokens' | 'passes'>;
  end(): void;
}

/** A session that dialogues use one after the other, and the model whose tokens are counted for it. */
interface Seat {
  readonly model: Model;
  readonly meter: Meter;
  readonly session: Session;
  /** The system prompt whose unchanged rows are in the cache; null if the rows cannot be reused. */
  system: string | null;
  taken: boolean;
}

const seats = new WeakMap<Model, Seat[]>();

/**
 * Leases a model for a dialogue. Dialogues that run one after the other share a session, so that the arms of a dialogue
 * compute its system prompt only once. There are as many sessions as dialogues that have run at once.
 * @param system the system prompt of the dialogue; null for none
 */
export function lease(model: Model, system: string | null, arm: Arm): Lease {
  const free = seatsOf(model).filter(({ taken }) => !taken);
  const seat = free.find((seat) => seat.system === system) ?? free[0] ?? addSeat(model);
  const isPlain = leavesPrefix(arm);
  if (system === null || seat.system !== system || !isPlain) seat.session.rewind(0);
  seat.system = isPlain ? system : null;
  seat.taken = true;
  const before = { ...seat.meter };
  return {
    model: seat.model,
    session: seat.session,
    meter: () => ({ tokens: seat.meter.tokens - before.tokens, passes: seat.meter.passes - before.passes }),
    end() {
      seat.taken = false;
    },
  };
}

function seatsOf(model: Model): Seat[] {
  const known = seats.get(model) ?? [];
  seats.set(model, known);
  return known;
}

function addSeat(model: Model): Seat {
  const metered = meterModel(model);
  const session = new Session(metered.model.executor);
  const seat: Seat = { ...metered, session, system: null, taken: false };
  seatsOf(model).push(seat);
  return seat;
}

/**
 * Returns whether an arm leaves rows inside the prefix unchanged. A policy on the prefix does, because they see no key outside
 * it; so does any policy with a clean cache, because they are in front of every user message.
 */
function leavesPrefix({ settings: { policy = 'off', target, cache, silence = [] } }: Arm): boolean {
  return silence.length === 0 && (policy === 'off' || target?.kind === 'prefix' || cache === 'clean');
}
