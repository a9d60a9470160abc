import { HoldfastError } from '../../errors.js';
import { type HubName, hubSettings, parseHubName } from '../../hub/index.js';

/** How help texts write a name of the hub. */
export const HUB_NAME = 'owner/name[@revision][:QUANT], or the address of its page';

/** @throws HoldfastError `E_USAGE` for what is no name of the hub, `E_HUB` for what is nearly one */
export function requireHubName(text: string): HubName {
  const name = parseHubName(text, hubSettings().endpoint);
  if (name !== null) return name;
  throw new HoldfastError('E_USAGE', `"${text}" is no name of a model on the hub`, {
    hint: `Write ${HUB_NAME}`,
  });
}
