const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** Writes a number of bytes with three digits, in units of 1024: `1.50 GiB`. */
export function printBytes(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 ? value : value.toPrecision(value < 1000 ? 3 : 4)} ${UNITS[power]}`;
}
