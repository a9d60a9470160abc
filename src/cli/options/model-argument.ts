import { existsSync } from 'node:fs';
import { Argument, type Command } from 'commander';
import { HoldfastError } from '../../errors.js';
import { locateModel } from '../../hub/index.js';
import { EMBEDDED_MODEL, EMBEDDED_MODELS } from '../../load.js';
import { fetching } from './fetching.js';

const UNNAMED =
  'note: no model named, using the embedded one, models/organism/soft ' +
  '(2.2 M parameters, made to drift; see models/organism/README.md)\n';

/** The model a command is about, which may be left out. */
export function addModelArgument(command: Command): Command {
  return command.addArgument(
    new Argument(
      '[model]',
      'a folder with a model, a .safetensors or a .gguf file, or a name on the hub, owner/name[@revision][:QUANT]; ' +
        'without one, the embedded model, organism (its sharp twin: organism/sharp)',
    ),
  );
}

/**
 * The path of the model that was named, fetched before if it is one of the hub. Where none was, that of the embedded
 * one, and a line on stderr says so: stdout is the result's alone. Call it when everything else about the command line
 * is known to be right.
 * @throws HoldfastError `E_NOT_FOUND` when the embedded model is meant and is not there; what fetching throws
 */
export async function modelPath(named: string | undefined): Promise<string> {
  if (named === undefined) {
    const path = installed(EMBEDDED_MODEL);
    process.stderr.write(UNNAMED);
    return path;
  }
  return isEmbedded(named)
    ? installed(EMBEDDED_MODELS.get(named)!)
    : fetching((watch) => locateModel(named, watch));
}

/** Whether an embedded model is meant, by its name or by none. A folder of its name is what the person sees, and means. */
export function isEmbedded(named: string | undefined): boolean {
  return named === undefined || (EMBEDDED_MODELS.has(named) && !existsSync(named));
}

function installed(path: string): string {
  if (existsSync(path)) return path;
  throw new HoldfastError('E_NOT_FOUND', 'the embedded model is missing', {
    file: path,
    hint: 'Install Holdfast anew, or name a model',
  });
}
