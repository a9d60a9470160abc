import { afterEach, describe, expect, it, vi } from 'vitest';
import { currentMoment, parseMoment, recordedMoment, wallClock } from './moment.js';

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

describe('the moment of a dialogue', () => {
  const [recorded, given] = ['2026-01-31T09:00:00+02:00', '2026-02-01T00:00:00+00:00'].map(parseMoment);

  it('is the recorded one, else the given one, else the current one', () => {
    expect(recordedMoment(recorded!, undefined)).toBe(recorded);
    expect(recordedMoment(null, '2026-02-01')).toBe(given);
    vi.useFakeTimers({ now: new Date(2026, 4, 6, 7, 8, 9) });
    expect(recordedMoment(null, undefined)).toBe(currentMoment());
    expect(currentMoment()).toMatch(/^2026-05-06T07:08:09/);
    vi.useRealTimers();
  });

  it('may be given again, but not as another', () => {
    expect(recordedMoment(recorded!, '2026-01-31T09:00+02:00')).toBe(recorded);
    expect(() => recordedMoment(recorded!, given)).toThrow(
      /E_USAGE: the dialogue records the moment 2026-01-31T09:00:00\+02:00, and another was given: 2026-02-01T00:00/,
    );
  });
});
