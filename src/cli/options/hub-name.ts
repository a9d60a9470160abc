import { HoldfastError } from '../../errors.js';
import { type HubName, hubSettings, parseHubName } from '../../hub/index.js';

/** The form of a hub name, for help texts and hints. */
export const HUB_NAME = 'owner/name[@revision][:QUANT], or the URL of the model page';

/**
 * Parses the name of a model on the hub.
 * @throws HoldfastError `E_USAGE` when it is not a hub name, `E_HUB` when it is one with a fault
 */
export function requireHubName(text: string): HubName {
  const name = parseHubName(text, hubSettings().endpoint);
  if (name !== null) return name;
  throw new HoldfastError('E_USAGE', `"${text}" is not the name of a model on the hub`, {
    hint: `Write ${HUB_NAME}`,
  });
}
