import { HoldfastError } from '../errors.js';

/** A model on the hub, by name. */
export interface HubName {
  /** `owner/name` */
  readonly repo: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
  /** Which GGUF of the repository, by its quantisation; null where none was named. */
  readonly quantisation: string | null;
  /** Which GGUF of the repository, by its path; null where none was named. */
  readonly file: string | null;
}

export const DEFAULT_REVISION = 'main';

/** `hf:` in front says that a name of the hub is meant, whatever lies on the disk. */
const PREFIX = 'hf:';
const REPO = /^[\w.-]{1,96}\/[\w.-]{1,96}$/;
/** `owner/name`, `@revision`, `:QUANT`, as the hub has its names. */
const NAME = /^(?<repo>[^@:]+)(?:@(?<revision>[\w./-]{1,255}))?(?::(?<quantisation>[\w.-]{1,64}))?$/;
const ADDRESS = /^https?:\/\//i;
const HUB_HOSTS = ['huggingface.co', 'www.huggingface.co', 'hf.co'];
/** A page or a file of a model: `/owner/name/tree/main`, `/owner/name/blob/main/file.gguf`. */
const PAGE =
  /^\/(?<repo>[^/]+\/[^/]+?)\/?(?:\/(?:tree|blob|resolve)\/(?<revision>[^/]+)(?:\/(?<file>.+?))?\/?)?$/;

/**
 * Reads a name of the hub: `owner/name`, `owner/name@revision`, `owner/name:QUANT`, the same behind `hf:`, or the
 * address of a model's page or GGUF file. Null for what can only be a path.
 * @param endpoint the hub that is asked; its addresses are taken, like those of the hub itself
 * @throws HoldfastError `E_HUB` for a prefix or an address with no name of a model behind it
 */
export function parseHubName(text: string, endpoint: string): HubName | null {
  if (!isHubName(text)) return null;
  const name = ADDRESS.test(text)
    ? parseAddress(text, endpoint)
    : parseName(text.startsWith(PREFIX) ? text.slice(PREFIX.length) : text);
  if (name === null) throw noName(text);
  return name;
}

/** Whether a text can be no path, or looks more like a name of the hub than like one. */
export function isHubName(text: string): boolean {
  if (text.startsWith(PREFIX) || ADDRESS.test(text)) return true;
  return parseName(text) !== null && !/\.(gguf|safetensors|json)$/i.test(text);
}

/** A name as it is written; what is usual is left out. */
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
  // `hf.co/owner/name:QUANT` is how others write it.
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

/** What a part of an address stands for; nothing where it stands for no text. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}

/** Whether a text is `owner/name`, as the hub has its names. */
export function isRepoName(text: string): boolean {
  if (!REPO.test(text)) return false;
  return text.split('/').every((part) => /^\w(?:[\w.-]*\w)?$/.test(part) && !/--|\.\./.test(part));
}

function isRevision(revision: string): boolean {
  return revision.split('/').every((part) => /^[\w-][\w.-]*$/.test(part) && !part.includes('..'));
}

function noName(text: string): HoldfastError {
  return new HoldfastError('E_HUB', `"${text}" names no model of the hub`, {
    hint: 'Write owner/name, owner/name@revision, owner/name:QUANT, or the address of a model or a GGUF file',
  });
}
