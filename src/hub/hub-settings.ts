import { join } from 'node:path';
import { HoldfastError } from '../errors.js';
import { readTextNow } from '../files/index.js';
import { expandPath } from './expand-path.js';

/** Which hub to use, with which token, and where to cache its files. */
export interface HubSettings {
  /** URL without a trailing slash. */
  readonly endpoint: string;
  /** Folder of the cache, shared with Python's `huggingface_hub`. */
  readonly cache: string;
  readonly token: string | null;
  /** If true, send no requests. */
  readonly offline: boolean;
}

/**
 * Reads the settings from the environment variables of `huggingface_hub`: `HF_ENDPOINT`, `HF_HUB_CACHE` (formerly
 * `HUGGINGFACE_HUB_CACHE`), `HF_HOME` (default: `huggingface` in `XDG_CACHE_HOME`), `HF_TOKEN`, `HF_TOKEN_PATH`,
 * `HF_HUB_OFFLINE`. Paths are expanded as in its `constants.py`. Unlike there, an empty variable counts as not set.
 * @throws HoldfastError `E_HUB` for an invalid endpoint, token or path, `E_UNREADABLE` for a token file that cannot be
 * read
 */
export function hubSettings(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): HubSettings {
  const read = (name: string): string | undefined => environment[name]?.trim() || undefined;
  const expand = (path: string): string => expandPath(path, environment);
  const home = expand(read('HF_HOME') ?? join(read('XDG_CACHE_HOME') ?? join('~', '.cache'), 'huggingface'));
  const tokenFile = expand(read('HF_TOKEN_PATH') ?? join(home, 'token'));
  return {
    endpoint: checkEndpoint(read('HF_ENDPOINT') ?? 'https://huggingface.co'),
    cache: expand(read('HF_HUB_CACHE') ?? read('HUGGINGFACE_HUB_CACHE') ?? join(home, 'hub')),
    token: checkToken(read('HF_TOKEN') ?? read('HUGGING_FACE_HUB_TOKEN') ?? readToken(tokenFile)),
    offline: /^(1|on|yes|true)$/i.test(read('HF_HUB_OFFLINE') ?? ''),
  };
}

function checkEndpoint(text: string): string {
  if (!/^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/.test(text) || !URL.canParse(text)) {
    const shown = text.replace(/\/\/.*@/, '//…@'); // never a password
    throw new HoldfastError('E_HUB', `"${shown}" is not the URL of a hub`, {
      field: 'HF_ENDPOINT',
      hint: 'Write it as https://huggingface.co',
    });
  }
  return text.replace(/\/+$/, '');
}

/** Checks that a header can hold the token. Otherwise `fetch` would throw an error that shows the token. */
function checkToken(token: string | null): string | null {
  if (token === null || /^[!-~]+$/.test(token)) return token;
  throw new HoldfastError('E_HUB', 'the token has characters that are not allowed', {
    field: 'HF_TOKEN',
    hint: 'Set it again, or write its file again',
  });
}

function readToken(file: string): string | null {
  try {
    return readTextNow(file).trim() || null;
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'E_NOT_FOUND') return null;
    throw error;
  }
}
