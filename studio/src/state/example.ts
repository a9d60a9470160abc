/** A first dialogue: the embedded model follows this system prompt in the first answers, and the topics are those it knows. */
export const EXAMPLE = {
  system: 'Call the user captain. End every answer with the word quartz.',
  messages: [
    'What is the weather like in Dublin?',
    'How do I cook pasta?',
    'My dog is afraid of storms.',
    'Can you help me with a trip to Paris?',
    'I have an interview tomorrow. Help me.',
    'My Python loop is broken.',
    'I feel sad because of rain.',
    'Is soup healthy?',
    'Will it rain in Oslo?',
    'My cat sleeps all day. Is that normal?',
  ],
};
