import { vi } from 'vitest';

/** Makes the process one of another system, until globals are no longer stubbed. */
export function onPlatform(platform: NodeJS.Platform): void {
  vi.stubGlobal('process', Object.create(process, { platform: { value: platform } }));
}

/** Returns the error of a call to the system. */
export const failure = (code: string): Error => Object.assign(new Error(code), { code });
