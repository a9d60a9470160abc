/** Moves the clock of a process and its threads by MOVED_DAYS days. Loaded with --import. */
const RealDate = Date;
const shiftMs = Number(process.env.MOVED_DAYS) * 24 * 60 * 60 * 1000;

globalThis.Date = class extends RealDate {
  constructor(...parts) {
    super(...(parts.length === 0 ? [RealDate.now() + shiftMs] : parts));
  }
  static now() {
    return RealDate.now() + shiftMs;
  }
};
