import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { HoldfastError, isMissing, readError } from '../errors.js';

/** Which hub is asked, by whom, and where its files are kept. */
export interface HubSettings {
  /** Without a slash at its end. */
  readonly endpoint: string;
  /** The folder that holds the cache, shared with Python's `huggingface_hub`. */
  readonly cache: string;
  readonly token: string | null;
  /** Nothing is asked of the network. */
  readonly offline: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The settings as the environment has them, in the variables that `huggingface_hub` reads: `HF_ENDPOINT`, `HF_HUB_CACHE`,
 * `HF_HOME`, `HF_TOKEN`, `HF_TOKEN_PATH`, `HF_HUB_OFFLINE`.
 * @throws HoldfastError `E_HUB` for an endpoint that is no address or a token that is none, `E_UNREADABLE` for a token file that may not be read
 */
export function hubSettings(environment: Environment = process.env): HubSettings {
  const said = (name: string): string | undefined => environment[name]?.trim() || undefined;
  const home = expand(
    said('HF_HOME') ?? join(expand(said('XDG_CACHE_HOME') ?? join('~', '.cache')), 'huggingface'),
  );
  const tokenFile = expand(said('HF_TOKEN_PATH') ?? join(home, 'token'));
  return {
    endpoint: checkEndpoint(said('HF_ENDPOINT') ?? 'https://huggingface.co'),
    cache: expand(said('HF_HUB_CACHE') ?? said('HUGGINGFACE_HUB_CACHE') ?? join(home, 'hub')),
    token: checkToken(said('HF_TOKEN') ?? said('HUGGING_FACE_HUB_TOKEN') ?? readToken(tokenFile)),
    offline: /^(1|on|yes|true)$/i.test(said('HF_HUB_OFFLINE') ?? ''),
  };
}

function expand(path: string): string {
  return path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path;
}

function checkEndpoint(text: string): string {
  if (!/^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/.test(text) || !URL.canParse(text)) {
    const shown = text.replace(/\/\/.*@/, '//…@'); // never a password
    throw new HoldfastError('E_HUB', `"${shown}" is no address of a hub`, {
      field: 'HF_ENDPOINT',
      hint: 'Write it as https://huggingface.co',
    });
  }
  return text.replace(/\/+$/, '');
}

/** What cannot stand in a header would be told in full by the error that says so. */
function checkToken(token: string | null): string | null {
  if (token === null || /^[!-~]+$/.test(token)) return token;
  throw new HoldfastError('E_HUB', 'the token has characters that no token has', {
    field: 'HF_TOKEN',
    hint: 'Set it anew, or write its file anew',
  });
}

function readToken(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim() || null;
  } catch (cause) {
    if (isMissing(cause)) return null;
    throw readError(file, cause);
  }
}
