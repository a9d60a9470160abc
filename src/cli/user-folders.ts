import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/**
 * Where the user's own files are (XDG base directories). Knows paths alone, so that every command can look there first.
 */

/**
 * Returns the path of the user's configuration: `~/.config/holdfast/config.yaml`, or `holdfast/config.yaml` under
 * `XDG_CONFIG_HOME`.
 */
export const configFile = (): string => join(folder('XDG_CONFIG_HOME', '.config'), 'config.yaml');

/** Returns the folder of what commands keep between two runs: `~/.local/state/holdfast`, or under `XDG_STATE_HOME`. */
export const stateFolder = (): string => folder('XDG_STATE_HOME', '.local/state');

/** Returns a path in which a leading `~/` is the user's home, as a shell would. */
export const expandHome = (path: string): string => path.replace(/^~(?=[\\/])/, () => homedir());

/** The specification ignores a variable that is empty or not absolute. */
function folder(variable: string, standard: string): string {
  const set = process.env[variable] ?? '';
  return join(isAbsolute(set) ? set : join(homedir(), standard), 'holdfast');
}
