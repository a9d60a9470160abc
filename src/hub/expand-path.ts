import { homedir } from 'node:os';
import { HoldfastError } from '../errors.js';
import { readTextNow } from '../files/index.js';

/** The list of users of a Unix system. */
const USERS = '/etc/passwd';

/**
 * Expands a path from the environment as Python's `os.path.expandvars(os.path.expanduser(path))` does on Unix: `~` and
 * `~user` at its start, then `$NAME` and `${NAME}`. A variable that is not set stays as it is written.
 * @throws HoldfastError `E_HUB` for `~user` if this machine's list of users lacks the user. Python looks further (LDAP),
 * and leaves the name of an unknown user as it is.
 */
export function expandPath(path: string, environment: Readonly<Record<string, string | undefined>>): string {
  const [start = ''] = /^~[^/]*/.exec(path) ?? [];
  const expanded =
    start === ''
      ? path
      : homeOf(start.slice(1), environment.HOME).replace(/\/+$/, '') + path.slice(start.length);
  return (expanded || '/').replace(
    /\$(?:(\w+)|\{([^}]*)\})/g,
    (written, name?: string, inBraces = '') => environment[name ?? inBraces] ?? written,
  );
}

/** Returns the home folder of a user, or one's own for an empty name. */
function homeOf(user: string, own: string | undefined): string {
  if (user === '') return own ?? homedir();
  const home = usersOfMachine().get(user);
  if (home !== undefined) return home;
  throw new HoldfastError('E_HUB', `the home folder of the user "${user}" is not known`, {
    file: USERS,
    hint: `Write the path in full instead of ~${user}`,
  });
}

/** Returns the home folders of this machine's users, by name. Empty on systems without a list of users. */
function usersOfMachine(): ReadonlyMap<string, string> {
  try {
    const lines = readTextNow(USERS).split('\n');
    return new Map(lines.map((line) => line.split(':')).map(([name = '', ...rest]) => [name, rest[4] ?? '']));
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'E_NOT_FOUND') return new Map();
    throw error;
  }
}
