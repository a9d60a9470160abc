import { existsSync } from 'node:fs';
import { Argument, type Command } from 'commander';
import { HoldfastError } from '../../errors.js';
import { isHubName, locateModel } from '../../hub/index.js';
import { EMBEDDED_MODEL, EMBEDDED_MODELS, hasSharpTwin } from '../../load.js';
import { note, quoted } from '../terminal/index.js';
import { fetching } from './fetching.js';

const UNNAMED =
  'no model named, using the embedded one, models/organism/soft ' +
  '(2.2 M parameters, made to drift; see models/organism/README.md)';

/** Adds the optional argument `[model]` to a command. */
export function addModelArgument(command: Command): Command {
  return command.addArgument(
    new Argument(
      '[model]',
      'a folder with a model, a .safetensors or a .gguf file, or a name on the hub, owner/name[@revision][:QUANT]; ' +
        `without one, the embedded model, organism${hasSharpTwin() ? ' (its sharp twin: organism/sharp)' : ''}`,
    ),
  );
}

/**
 * Returns the path of the named model, after fetching it if it is on the hub. Without a name, returns the path of the
 * embedded model and says so on stderr, since stdout is for results only. Call it last, once the rest of the command
 * line has been checked, because it may download gigabytes.
 * @throws HoldfastError `E_NOT_FOUND` when the embedded model is missing; what fetching throws
 */
export async function modelPath(named: string | undefined): Promise<string> {
  if (named === undefined) {
    const path = installed(EMBEDDED_MODEL);
    note(UNNAMED);
    return path;
  }
  return isEmbedded(named)
    ? installed(EMBEDDED_MODELS.get(named)!)
    : fetching((watch) => locateModel(named, watch));
}

/** Returns whether the embedded model is meant: no name was given, or its name, and no such path exists here. */
export function isEmbedded(named: string | undefined): boolean {
  return named === undefined || (EMBEDDED_MODELS.has(named) && !existsSync(named));
}

/** Returns a hint for a text that was written where the model belongs; null if it may be a model. */
export function textHint(named: string | undefined): string | null {
  if (named === undefined || isEmbedded(named) || existsSync(named) || isHubName(named)) return null;
  return `${JSON.stringify(named)} was taken for the model: write the text as --text ${quoted(named)}`;
}

function installed(path: string): string {
  if (existsSync(path)) return path;
  throw new HoldfastError('E_NOT_FOUND', 'the embedded model is missing', {
    file: path,
    hint:
      path === EMBEDDED_MODEL
        ? 'Reinstall Holdfast, or name a model'
        : "It is in Holdfast's repository, not in its npm package: run Holdfast from a clone, or name another model",
  });
}
