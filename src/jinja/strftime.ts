import { unsupported } from './errors.js';

const MONTHS = 'January February March April May June July August September October November December'.split(
  ' ',
);
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');
const DAY_MS = 24 * 60 * 60 * 1000;

/** A date and a time of day, as a clock shows them. */
export interface Clock {
  readonly year: number;
  /** 1…12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** Minutes that the clock is ahead of UTC. */
  readonly offset: number;
}

/** A code's value: a text, or a number with its width and the character that fills it. */
type Written = string | { readonly number: number; readonly width: number; readonly fill?: ' ' };

const digits = (number: number, width = 2): Written => ({ number, width });
const blank = (number: number, width = 2): Written => ({ number, width, fill: ' ' });

/** The time of a clock in milliseconds, as if the clock showed UTC. */
const timeOf = ({ year, month, day, hour, minute, second }: Clock): number =>
  Date.UTC(year, month - 1, day, hour, minute, second);

/** The weekday: 0 is Sunday. */
const weekday = (clock: Clock): number => new Date(timeOf(clock)).getUTCDay();

/** The day of the year, from 1. */
const dayOfYear = ({ year, month, day }: Clock): number =>
  (Date.UTC(year, month - 1, day) - Date.UTC(year, 0, 1)) / DAY_MS + 1;

/** The week of the year, whose weeks begin on a weekday; days before the first one are in week 0. */
const weekOfYear = (clock: Clock, first: number): number =>
  Math.floor((dayOfYear(clock) + 6 - ((weekday(clock) + 7 - first) % 7)) / 7);

/** The year and week of ISO 8601: a week belongs to the year that has its Thursday. */
function isoWeek(clock: Clock): { readonly year: number; readonly week: number } {
  const thursday = new Date(timeOf(clock) + (4 - (weekday(clock) || 7)) * DAY_MS);
  const [year, month, day] = [thursday.getUTCFullYear(), thursday.getUTCMonth() + 1, thursday.getUTCDate()];
  return { year, week: Math.ceil(dayOfYear({ ...clock, year, month, day }) / 7) };
}

const hour12 = ({ hour }: Clock): number => hour % 12 || 12;
const half = ({ hour }: Clock): string => (hour < 12 ? 'AM' : 'PM');

/** The codes of Python's `strftime` on Linux, in the C locale, for a time without a zone. */
const CODES: ReadonlyMap<string, (clock: Clock) => Written> = new Map(
  Object.entries<(clock: Clock) => Written>({
    a: (clock) => DAYS[weekday(clock)]!.slice(0, 3),
    A: (clock) => DAYS[weekday(clock)]!,
    b: (clock) => MONTHS[clock.month - 1]!.slice(0, 3),
    B: (clock) => MONTHS[clock.month - 1]!,
    c: (clock) => strftime(clock, '%a %b %e %H:%M:%S %Y'),
    C: (clock) => digits(Math.floor(clock.year / 100)),
    d: (clock) => digits(clock.day),
    D: (clock) => strftime(clock, '%m/%d/%y'),
    e: (clock) => blank(clock.day),
    f: () => '000000',
    F: (clock) => strftime(clock, '%Y-%m-%d'),
    g: (clock) => digits(isoWeek(clock).year % 100),
    G: (clock) => String(isoWeek(clock).year),
    h: (clock) => MONTHS[clock.month - 1]!.slice(0, 3),
    H: (clock) => digits(clock.hour),
    I: (clock) => digits(hour12(clock)),
    j: (clock) => digits(dayOfYear(clock), 3),
    k: (clock) => blank(clock.hour),
    l: (clock) => blank(hour12(clock)),
    m: (clock) => digits(clock.month),
    M: (clock) => digits(clock.minute),
    n: () => '\n',
    p: half,
    P: (clock) => half(clock).toLowerCase(),
    r: (clock) => strftime(clock, '%I:%M:%S %p'),
    R: (clock) => strftime(clock, '%H:%M'),
    s: (clock) => String(timeOf(clock) / 1000 - clock.offset * 60),
    S: (clock) => digits(clock.second),
    t: () => '\t',
    T: (clock) => strftime(clock, '%H:%M:%S'),
    u: (clock) => String(weekday(clock) || 7),
    U: (clock) => digits(weekOfYear(clock, 0)),
    V: (clock) => digits(isoWeek(clock).week),
    w: (clock) => String(weekday(clock)),
    W: (clock) => digits(weekOfYear(clock, 1)),
    x: (clock) => strftime(clock, '%m/%d/%y'),
    X: (clock) => strftime(clock, '%H:%M:%S'),
    y: (clock) => digits(clock.year % 100),
    Y: (clock) => String(clock.year),
    z: () => '',
    Z: () => '',
    '%': () => '%',
  }),
);

/**
 * Returns the time of a clock as text, as Python's `datetime.strftime` on Linux writes it in the C locale. Between `%` and a
 * code, `-` drops what fills a number, `_` fills it with blanks, `0` with zeros, and `^` means upper case.
 */
export function strftime(clock: Clock, format: string): string {
  return format.replace(/%([-_0^#]*)(.|$)/gsu, (whole, flags: string, code: string) => {
    const write = CODES.get(code);
    if (write === undefined || flags.includes('#') || (flags !== '' && 'fzZ'.includes(code))) {
      return unsupported(`the code "${whole}" of strftime`);
    }
    const written = write(clock);
    const text = typeof written === 'string' ? written : filled(written, flags);
    return flags.includes('^') ? text.toUpperCase() : text;
  });
}

function filled({ number, width, fill = '0' as ' ' }: Exclude<Written, string>, flags: string): string {
  const flag = [...flags].findLast((letter) => letter !== '^');
  if (flag === '-') return String(number);
  return String(number).padStart(width, flag === '_' ? ' ' : flag === '0' ? '0' : fill);
}
