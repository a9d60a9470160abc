import { afterEach, describe, expect, it, vi } from 'vitest';
import { currentMoment, mayWriteTime, parseMoment, wallClock } from './moment.js';

describe('a moment', () => {
  it.each([
    ['2026-01-31', '2026-01-31T00:00:00+00:00'],
    ['2026-01-31T09:00', '2026-01-31T09:00:00+00:00'],
    ['2026-01-31T09:00Z', '2026-01-31T09:00:00+00:00'],
    ['2026-01-31T09:00:07-00:00', '2026-01-31T09:00:07+00:00'],
    ['2026-01-31T09:00:07+02:00', '2026-01-31T09:00:07+02:00'],
    ['2026-01-31T09:00:07.999Z', '2026-01-31T09:00:07+00:00'],
    ['2024-02-29T23:59:59-11:30', '2024-02-29T23:59:59-11:30'],
    ['0001-01-01', '0001-01-01T00:00:00+00:00'],
  ])('%s is %s', (text, moment) => {
    expect(parseMoment(text)).toBe(moment);
    expect(parseMoment(parseMoment(text))).toBe(moment);
  });

  it.each([
    ...[
      '',
      'today',
      '2026',
      '2026-1-31',
      '31.01.2026',
      '20260131',
      '2026-01-31T',
      '2026-01-31T09',
      '2026-01-31Z',
    ],
    ...['2026-01-31 09:00', '2026-01-31T9:00', '2026-01-31T09:00+2', '2026-01-31T09:00+0200', ' 2026-01-31'],
    ...['2026-02-29', '2026-02-30', '1900-02-29', '2026-04-31', '2026-13-01', '2026-00-01', '2026-01-00'],
    ...[
      '0000-01-01',
      '2026-01-31T24:00',
      '2026-01-31T09:60',
      '2026-01-31T09:00:60',
      '2026-01-31T09:00+24:00',
    ],
    ...['2026-01-31T09:00+02:60', '2026-01-31T09:00:00.Z', '2026-01-31\n'],
  ])('%j is refused with the forms that are read', (text) => {
    expect(() => parseMoment(text)).toThrow(
      expect.objectContaining({
        code: 'E_USAGE',
        field: 'now',
        message: expect.stringContaining(JSON.stringify(text)),
        hint: expect.stringContaining('2026-01-31T09:00'),
      }),
    );
  });

  it('has the parts of a wall clock, whatever its offset', () => {
    const time = { year: 2026, month: 1, day: 31, hour: 9, minute: 8, second: 7 };
    expect(wallClock(parseMoment('2026-01-31T09:08:07-03:30'))).toEqual({ ...time, offset: -210 });
    expect(wallClock(parseMoment('2026-01-31T09:08:07+14:00'))).toEqual({ ...time, offset: 840 });
  });
});

describe('the current moment', () => {
  const zone = process.env.TZ;
  afterEach(() => {
    vi.useRealTimers();
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  });

  it.each([
    ['UTC', '2026-01-31T23:30:05+00:00'],
    ['Europe/Berlin', '2026-02-01T00:30:05+01:00'],
    ['Asia/Kathmandu', '2026-02-01T05:15:05+05:45'],
    ['America/St_Johns', '2026-01-31T20:00:05-03:30'],
  ])('is the local time in %s', (place, moment) => {
    process.env.TZ = place;
    vi.useFakeTimers({ now: Date.UTC(2026, 0, 31, 23, 30, 5, 900) });
    expect(currentMoment()).toBe(moment);
    expect(parseMoment(moment)).toBe(moment);
  });
});

it('a template may write the time if it names strftime_now', () => {
  expect(mayWriteTime('{{ strftime_now("%d") }}')).toBe(true);
  expect(mayWriteTime('{% if strftime_now is defined %}{% endif %}')).toBe(true);
  expect(mayWriteTime('{{ my_strftime_nowhere }} {{ date_string }}')).toBe(false);
});
