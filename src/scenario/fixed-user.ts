import type { User } from './scenario.js';

/** A user whose words are known beforehand and do not depend on the answers. */
export function fixedUser(messages: readonly string[]): User {
  let said = 0;
  return {
    async say() {
      said++;
      return messages[said - 1]!; // a scenario has a message for each of its rounds
    },
    dispose() {},
  };
}
