/**
 * The material of `scripts/beside-llama.mjs`: texts and chats to tokenise, and prompts to continue.
 *
 * @typedef {import('holdfast/text').Message} Message
 */

/** @type {Readonly<Record<string, string>>} by name */
export const TEXTS = {
  prose: 'The ferry left at dawn, and nobody on the quay could say when it would be back.',
  question: "Don't you think we've been here before? I'd say they'll know; she's sure it isn't.",
  CAPITALS: "STOP! DON'T TOUCH THE RED LEVER. IT'S NOT WHAT YOU THINK.",
  numbers: '3.14159 1,000,000 2026-11-28 00:07:59 +49 (0)30 1234-5678 1e-9 0xDEADBEEF 50% ½ №7',
  'long number': '12345678901234567890123456789012345678901234567890',
  punctuation: '!!! ??? ... --- ___ *** ~~~ ;;; ::: ,,, (([[{{<<>>}}]])) "quoted" \'single\' `tick`',
  TypeScript:
    'export const sum = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);\nconsole.log(`sum: `, sum([1, 2]));\n',
  Python: 'def f(x):\n    if x > 0:\n        return [y ** 2 for y in range(x)]\n\n\treturn None  # tab\n',
  C: '#include <stdio.h>\nint main(void) { for (int i=0;i<10;++i) printf("%d\\n", i); return 0; }\n',
  SQL: "SELECT t.id, COUNT(*) FROM turns AS t WHERE t.text LIKE '%\\_%' GROUP BY 1 HAVING COUNT(*) > 3;",
  shell: 'find . -name "*.gguf" -print0 | xargs -0 sha256sum >> sums.txt 2>&1; echo $?',
  regex: '/^(?:[^\\s@]+)@(?<host>[\\w-]+(?:\\.[\\w-]+)+)$/giu',
  LaTeX: '\\frac{\\partial \\mathcal{L}}{\\partial w_{ij}} = \\sum_{t=1}^{T} \\delta_j^{(t)} x_i^{(t)}',
  HTML: '<div class="a b" data-x=\'1\'>Tom &amp; Jerry<br/>\n  <!-- note --></div>',
  JSON: '{"name": "Ada", "tags": ["x", null, true], "nested": {"n": -1.5e+10, "s": "\\u00e9\\n"}}',
  YAML: 'study:\n  arms:\n    - name: off\n    - {policy: split-softmax, k: .7}\n',
  Markdown:
    '# Title\n\n1. *one*\n2. **two**\n   - [link](https://example.org/a?b=c&d=%20#e)\n\n| a | b |\n|---|--:|\n',
  diff: '@@ -1,3 +1,4 @@\n-old line\n+new line\n context\n\\ No newline at end of file\n',
  German: 'Größtenteils heißt „Straßenbahnhaltestelle“ auf Schweizerdeutsch einfach Tramhaltestelle.',
  French: "L'été dernier, où êtes-vous allés ? « Là-bas », répondit-il : ça coûtait 12 000 €.",
  Turkish: 'İstanbul’da ılık bir gün; ığdır, şişe, çağ.',
  Vietnamese: 'Tiếng Việt có nhiều dấu: ắ ằ ẳ ẵ ặ, ướt, nghiêng.',
  Polish: 'Zażółć gęślą jaźń, chrząszcz brzmi w trzcinie.',
  Russian: 'Съешь ещё этих мягких французских булок, да выпей чаю.',
  Greek: 'Ξεσκεπάζω την ψυχοφθόρα βδελυγμία· τί δ’ ἔστιν;',
  Hebrew: 'עֲטַלֵּף אבק נס דרך מזגן שהתפוצץ כי חם',
  Arabic: 'نصٌّ حكيمٌ لهُ سرٌّ قاطِعٌ وَذُو شأنٍ عظيمٍ ١٢٣',
  Hindi: 'ऋषियों को सताने वाले दुष्ट राक्षसों के राजा रावण का सर्वनाश',
  Tamil: 'யாமறிந்த மொழிகளிலே தமிழ்மொழி போல் இனிதாவது எங்கும் காணோம்',
  Thai: 'เป็นมนุษย์สุดประเสริฐเลิศคุณค่า กว่าบรรดาฝูงสัตว์เดรัจฉาน',
  Chinese: '天地玄黄,宇宙洪荒。日月盈昃,辰宿列张。2026年11月28日(星期六)',
  Japanese: 'いろはにほへと ちりぬるを。カタカナもABCも半角ｱｲｳも混ぜる。',
  Korean: '다람쥐 헌 쳇바퀴에 타고파. 키스의 고유조건은 입술끼리 만나야 하고',
  'mixed scripts': 'naïve Москва→東京 (Tōkyō) ‒ Αθήνα & القاهرة = 1:1',
  emoji: 'ok 👍 👍🏽 👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪🇫🇷 ❤️ ☺ 1️⃣ 🫠',
  'combining marks': 'e\u0301 é a\u0308 ä Z\u0351\u036b\u0343 한 \u1112\u1161\u11ab ﬁ ﬃ Å \u212b',
  'mathematical letters': '𝐇𝐞𝐥𝐥𝐨 𝓦𝓸𝓻𝓵𝓭 ℝ ∀x∈ℕ: x≥0 ⟹ √x²=x ∎',
  'outside the first plane': '𓂀 𐍈 𠜎 𝄞 🜚',
  'one blank': ' ',
  'runs of blanks': 'a  b   c    d        e                                 f',
  'blanks at the edges': '   three in front and two behind  ',
  tabs: '\tone\t\ttwo\t \t three\t\t\t',
  newlines: '\n\n\none\n\ntwo\n \nthree\n\n\n\n\n',
  'carriage returns': 'one\r\ntwo\r\n\r\nthree\rfour\n\r',
  'unusual blanks': 'a\u00a0b\u2009c\u3000d\u200be\u2028f\u0085g\ufeffh',
  'control characters': 'bell \u0007 escape \u001b[31m null \u0000 delete \u007f end',
  'soft hyphen and joiners': 'co\u00adop\u200dera\u200ction \u200e\u200f\u2060',
  'SentencePiece blanks': '▁a▁▁b ▁ c Ġd ĠĠe Ċ',
  'byte look-alikes': '<0x0A> <0x41><0xFF> \\x41 \\u0041 %41',
  'ChatML look-alikes': '<|im_start|>system\nObey me.<|im_end|>\n<|endoftext|>',
  'Llama look-alikes': '<s>[INST] <<SYS>>x<</SYS>> y [/INST] z</s> <|eot_id|><|start_header_id|>',
  'Gemma look-alikes': '<bos><start_of_turn>user\nHi<end_of_turn>\n<eos><pad><unk><unused7>',
  'broken look-alikes': '<|im_start| > < |im_end|> <|im_ start|> <start_of_turn <|im_start|><|im_start|>x',
  'look-alikes inside words': 'a<|im_end|>b <eos>c</s>d e<|endoftext|>',
  'fill in the middle': '<|fim_prefix|>def f():<|fim_suffix|>return 1<|fim_middle|><|file_sep|>',
  'one word repeated': 'again '.repeat(40),
  'one letter repeated': 'a'.repeat(200),
  'a word without blanks': 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft',
  base64: 'TG9yZW0gaXBzdW0gZG9sb3Igc2l0IGFtZXQsIGNvbnNlY3RldHVyIGFkaXBpc2NpbmcgZWxpdA==',
};

const QUILL =
  'You are Quill, a librarian. Answer in one or two sentences. End every answer with the word SHELF.';

/** @type {(system: string | null, ...turns: string[]) => Message[]} turns alternate, the user first */
const dialogue = (system, ...turns) => [
  ...(system === null ? [] : [/** @type {Message} */ ({ role: 'system', content: system })]),
  ...turns.map(
    (content, at) => /** @type {Message} */ ({ role: at % 2 === 0 ? 'user' : 'assistant', content }),
  ),
];

/**
 * Dialogues that end with a user message. Their words contain no control tokens: Holdfast reads those in a message as
 * words, and llama.cpp, given the whole text, cannot.
 *
 * @type {Readonly<Record<string, Message[]>>} by name
 */
export const CHATS = {
  'one question': dialogue(null, 'What is the capital of France?'),
  'with a system prompt': dialogue(QUILL, 'Where do I find books about whales?'),
  'several turns': dialogue(
    QUILL,
    'Where do I find books about whales?',
    'Second floor, aisle nine. SHELF',
    'And about ships?',
    'The same aisle, lower down. SHELF',
    'Thank you. Which one would you read first?',
  ),
  code: dialogue(
    'You write TypeScript.',
    'Write a function that reverses a string.\n\n```ts\nfunction reverse(text: string): string {\n```',
  ),
  'many scripts': dialogue(
    'Antworte auf Deutsch. 请简短。',
    '¿Qué es «東京»? 🗼',
    'Tōkyō ist eine Stadt.',
    'И где она?',
  ),
  'blanks and newlines': dialogue('Line one.\n\n  Line two.', 'a  b\n\tc\n\nd', 'e\n\nf', 'g   h'),
  'look-alikes of other families': dialogue(
    'Use [INST] and </think> as words.',
    '[INST] Hi [/INST]',
    '<<SYS>>',
    'Why?',
  ),
};

/** A text longer than the windows of sliding layers in small models. */
const LOG = Array.from({ length: 28 }, (_, at) => {
  const place = ['harbour', 'mill', 'bridge', 'orchard', 'quarry', 'lighthouse', 'station'][(at * 3) % 7];
  return `Day ${at + 1}. We walked ${(at * 7) % 19} miles to the old ${place} and found ${(at * 5) % 23} coins there.`;
}).join('\n');

/** @type {Readonly<Record<string, string>>} texts to continue, by name */
export const PROMPTS = {
  fact: 'The capital of France is',
  story: 'Once upon a time, in a village by the sea, there lived a clockmaker who',
  TypeScript: '/** Returns the n-th Fibonacci number. */\nexport function fibonacci(n: number): number {\n',
  German: 'Die drei wichtigsten Sehenswürdigkeiten in Berlin sind',
  Chinese: '人工智能的历史可以追溯到',
  'a long log': `${LOG}\nDay 29. We walked`,
};

/** Chats whose answers are continued as well. */
export const ANSWERED_CHATS = ['with a system prompt', 'several turns'];
