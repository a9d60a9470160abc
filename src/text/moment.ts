import { z } from 'zod';
import { HoldfastError } from '../errors.js';
import type { Clock } from '../jinja/index.js';

declare const checked: unique symbol;

/**
 * A date and a time of day as a wall clock shows them, with the clock's offset from UTC: ISO 8601 to the second, such as
 * `2026-01-31T09:00:00+02:00`. Templates write the date and time in this text, so a recorded moment gives the same
 * prompt in every time zone. Two moments are the same if their texts are.
 */
export type Moment = string & { readonly [checked]: true };

/** The forms that {@link parseMoment} reads, for help and errors. */
export const MOMENT_FORMS =
  '2026-01-31, 2026-01-31T09:00 or 2026-01-31T09:00:00, optionally with Z or an offset such as +02:00';

const FORM =
  /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(?::(\d\d)(?:\.\d+)?)?(?:Z|([+-](?:[01]\d|2[0-3]):[0-5]\d))?)?$/;

/**
 * Reads a moment in ISO 8601: a date, or a date and time with or without an offset. A date alone means midnight. The
 * offset is +00:00 if none is given. Fractions of a second are dropped.
 * @throws HoldfastError `E_USAGE` when the text has another form, or names a day or time that does not exist
 */
export function parseMoment(text: string): Moment {
  const [, date, time = '00:00', second = '00', offset = '+00:00'] = FORM.exec(text) ?? [];
  const zone = offset === '-00:00' ? '+00:00' : offset;
  const moment = `${date}T${time}:${second}${zone}` as Moment;
  if (date === undefined || !exists(wallClock(moment))) {
    throw new HoldfastError('E_USAGE', `not a date or a date and time: ${JSON.stringify(text)}`, {
      field: 'now',
      hint: `Write ${MOMENT_FORMS}`,
    });
  }
  return moment;
}

/** A moment in JSON. */
export const MomentText = z.string().transform((text, context): Moment => {
  try {
    return parseMoment(text);
  } catch {
    context.addIssue(`not a date and time in ISO 8601: ${JSON.stringify(text)}`);
    return z.NEVER;
  }
});

/**
 * Reads the clock: the local time of this machine, as in Python. Only what begins a dialogue, a study or a command reads
 * it; everything else takes the moment as an input.
 */
export function currentMoment(): Moment {
  const date = new Date();
  const two = (number: number): string => String(number).padStart(2, '0');
  const offset = -Math.round(date.getTimezoneOffset());
  const ahead = Math.abs(offset);
  const day = [String(date.getFullYear()).padStart(4, '0'), two(date.getMonth() + 1), two(date.getDate())];
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two);
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(ahead / 60))}:${two(ahead % 60)}`;
  return `${day.join('-')}T${time.join(':')}${zone}` as Moment;
}

/**
 * Returns the moment of a dialogue that may record it: the recorded one, else the given one, else the current one.
 * @throws HoldfastError `E_USAGE` when the given one differs from the recorded one, and as {@link parseMoment}
 */
export function recordedMoment(recorded: Moment | null, given: string | undefined): Moment {
  const moment = given === undefined ? null : parseMoment(given);
  if (recorded === null) return moment ?? currentMoment();
  if (moment === null || moment === recorded) return recorded;
  throw new HoldfastError(
    'E_USAGE',
    `the dialogue records the moment ${recorded}, and another was given: ${moment}`,
    {
      field: 'now',
      hint: 'Leave out now: a recorded dialogue keeps its moment',
    },
  );
}

/** Returns the parts of a moment. */
export function wallClock(moment: Moment): Clock {
  const number = (start: number, end: number): number => Number(moment.slice(start, end));
  const ahead = number(20, 22) * 60 + number(23, 25);
  return {
    year: number(0, 4),
    month: number(5, 7),
    day: number(8, 10),
    hour: number(11, 13),
    minute: number(14, 16),
    second: number(17, 19),
    offset: moment[19] === '-' ? -ahead : ahead,
  };
}

/** Whether the day is in the calendar and the time on the clock. */
function exists({ year, month, day, hour, minute, second }: Clock): boolean {
  // The last day of a month is the day before the first of the next. Years repeat every 400, and JavaScript reads those
  // below 100 as years of the twentieth century.
  const lastDay = new Date(Date.UTC(year + 400, month, 0)).getUTCDate();
  const isDay = year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= lastDay;
  return isDay && hour <= 23 && minute <= 59 && second <= 59;
}
