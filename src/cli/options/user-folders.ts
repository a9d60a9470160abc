import { homedir } from 'node:os';
import { join } from 'node:path';

/** Returns the folder of what commands keep between two runs: `~/.local/state/holdfast`, or under `XDG_STATE_HOME`. */
export const stateFolder = (): string => folder('XDG_STATE_HOME', '.local/state');

/** Returns a path in which a leading `~/` is the user's home, as a shell would. */
export const expandHome = (path: string): string => path.replace(/^~(?=[\\/])/, () => homedir());

/** The specification ignores a variable that is empty or not absolute. */
function folder(variable: string, standard: string): string {
  const set = process.env[variable] ?? '';
  return join(set.startsWith('/') ? set : join(homedir(), standard), 'holdfast');
}
