import { HoldfastError } from '../errors.js';

/** The name of a model on the hub. */
export interface HubName {
  /** `owner/name` */
  readonly repo: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
  /** Quantisation of the GGUF to use; null if none was given. */
  readonly quantisation: string | null;
  /** Path of the GGUF to use; null if none was given. */
  readonly file: string | null;
}

const DEFAULT_REVISION = 'main';

/** Marks a name on the hub, even if a file of that name exists. */
const PREFIX = 'hf:';
const REPO = /^[\w.-]{1,96}\/[\w.-]{1,96}$/;
/** `owner/name`, with optional `@revision` and `:QUANT`. */
const NAME = /^(?<repo>[^@:]+)(?:@(?<revision>[\w./-]{1,255}))?(?::(?<quantisation>[\w.-]{1,64}))?$/;
const ADDRESS = /^https?:\/\//i;
const HUB_HOSTS = ['huggingface.co', 'www.huggingface.co', 'hf.co'];
/** The path of a model's page or file: `/owner/name/tree/main`, `/owner/name/blob/main/file.gguf`. */
const PAGE =
  /^\/(?<repo>[^/]+\/[^/]+?)\/?(?:\/(?:tree|blob|resolve)\/(?<revision>[^/]+)(?:\/(?<file>.+?))?\/?)?$/;

/**
 * Parses a name on the hub: `owner/name`, `owner/name@revision`, `owner/name:QUANT`, the same after `hf:`, or the URL
 * of a model's page or GGUF file. Returns null for a text that can only be a path.
 * @param endpoint the hub in use; its URLs are accepted, as are those of huggingface.co
 * @throws HoldfastError `E_HUB` for `hf:` or a URL that is not followed by the name of a model
 */
export function parseHubName(text: string, endpoint: string): HubName | null {
  if (!isHubName(text)) return null;
  const name = ADDRESS.test(text)
    ? parseAddress(text, endpoint)
    : parseName(text.startsWith(PREFIX) ? text.slice(PREFIX.length) : text);
  if (name === null) throw noName(text);
  return name;
}

/** Whether a text is or looks like a name on the hub rather than a path. */
export function isHubName(text: string): boolean {
  if (text.startsWith(PREFIX) || ADDRESS.test(text)) return true;
  return parseName(text) !== null && !/\.(gguf|safetensors|json)$/i.test(text);
}

/** Writes a name as `owner/name@revision:QUANT`, without defaults. */
export function hubNameText({ repo, revision, quantisation, file }: HubName): string {
  const at = revision === DEFAULT_REVISION ? '' : `@${revision}`;
  const of = quantisation === null ? '' : `:${quantisation}`;
  return `${repo}${at}${of}${file === null ? '' : `, ${file}`}`;
}

function parseName(text: string): HubName | null {
  const { repo, revision = DEFAULT_REVISION, quantisation = null } = NAME.exec(text)?.groups ?? {};
  if (repo === undefined || !isRepoName(repo) || !isRevision(revision)) return null;
  return { repo, revision, quantisation, file: null };
}

function parseAddress(text: string, endpoint: string): HubName | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  const base = new URL(endpoint);
  const isHub = url.host === base.host || HUB_HOSTS.includes(url.host);
  // Other tools write `hf.co/owner/name:QUANT`.
  const short = parseName(url.pathname.slice(1));
  if (isHub && short !== null) return short;
  const { repo, revision, file } = PAGE.exec(url.pathname)?.groups ?? {};
  if (!isHub || repo === undefined || !isRepoName(repo)) return null;
  const name = {
    repo,
    revision: decode(revision ?? DEFAULT_REVISION),
    quantisation: null,
    file: file === undefined ? null : decode(file),
  };
  return isRevision(name.revision) && (name.file === null || /\.gguf$/i.test(name.file)) ? name : null;
}

/** Decodes a part of a URL; empty if it cannot be decoded. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}

/** Whether a text is a valid `owner/name`. */
export function isRepoName(text: string): boolean {
  if (!REPO.test(text)) return false;
  return text.split('/').every((part) => /^\w(?:[\w.-]*\w)?$/.test(part) && !/--|\.\./.test(part));
}

function isRevision(revision: string): boolean {
  return revision.split('/').every((part) => /^[\w-][\w.-]*$/.test(part) && !part.includes('..'));
}

function noName(text: string): HoldfastError {
  return new HoldfastError('E_HUB', `"${text}" is not the name of a model on the hub`, {
    hint: 'Write owner/name, owner/name@revision, owner/name:QUANT, or the URL of a model or a GGUF file',
  });
}
