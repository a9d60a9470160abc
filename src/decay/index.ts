/**
 * Decay: how the shares of a dialogue's spans fall as it grows, for every token, layer and head, streamed to disk and
 * summed up. Knows models, dialogues and files; must not know arms, judges or studies.
 */
export {};
