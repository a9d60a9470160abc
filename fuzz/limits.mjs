/**
 * What an input may cost: a second of processor time for each KiB that is begun, and its own size plus 64 MiB. A target
 * that uses an input several times has as many times the seconds.
 */
const MS_A_KIBIBYTE = 1000;
const SLACK_BYTES = 64 * 2 ** 20;
/** How many times the limit of a single use an input may take until its thread is ended. */
export const HANG = 5;
/** For how long an input may wait without any work. Nothing that an input asks for waits at all. */
export const IDLE_MS = 5000;

export const timeLimitOf = (input, uses = 1) =>
  uses * MS_A_KIBIBYTE * Math.max(1, Math.ceil(input.length / 1024));
export const memoryLimitOf = (input) => input.length + SLACK_BYTES;

/** Processor time of this process so far. Unlike a clock, it does not depend on what else the machine does. */
export function processorMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
