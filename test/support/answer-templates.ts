/** A template, and the token with which it ends an answer. */
export interface AnswerTemplate {
  readonly source: string;
  readonly end: '<|im_end|>' | '<|endoftext|>';
}

/** ChatML whose answers are written by `answer`, a Jinja expression of `m.content` and `last`. */
const chatml = (
  answer: string,
  header = "'<|im_start|>assistant\\n'",
  generationPrompt = header,
): AnswerTemplate => ({
  source: `{%- for m in messages %}{% set last = loop.last %}{% if m.role == 'assistant' %}{{ ${header} + ${answer} + '<|im_end|>\\n' }}{% else %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}{% endif %}{% endfor %}
{%- if add_generation_prompt %}{{ ${generationPrompt} }}{% endif %}`,
  end: '<|im_end|>',
});

/** A template that puts the system message into the last user turn, and `before` in front of answers. */
const inLastUser = (before: string): AnswerTemplate => ({
  source: `{%- if messages[0].role == 'system' %}{% set sys = messages[0].content %}{% set rest = messages[1:] %}{% else %}{% set rest = messages %}{% endif %}
{%- for m in rest %}
{%- if m.role == 'user' %}
{%- if loop.last and sys is defined %}{{ '<|im_start|>' + sys + '\\n\\n' + m.content + '<|im_end|>' }}{% else %}{{ '<|im_start|>' + m.content + '<|im_end|>' }}{% endif %}
{%- else %}{{ '${before}' + m.content | trim + '<|endoftext|>' }}{% endif %}
{%- endfor %}`,
  end: '<|endoftext|>',
});

/** Templates by what they write between the header of an answer and an answer that they are given. */
export const ANSWER_TEMPLATES: Readonly<Record<string, AnswerTemplate>> = {
  nothing: chatml('m.content'),
  'an empty think block, before the last answer only (Qwen3)': chatml(
    "('<think>\\n\\n</think>\\n\\n' if last else '') + m.content",
  ),
  'an empty think block (Kimi)': chatml("'<think></think>' + m.content"),
  'a space (DeepSeek)': chatml("' ' + m.content", "'<|im_start|>assistant:'"),
  'a line break (GLM, Zephyr)': chatml("'\\n' + m.content", "'<|im_start|>assistant'"),
  'a recipient (Functionary)': chatml("'all\\n' + m.content"),
  'less than the generation prompt, which opens a think block (DeepSeek-R1)': chatml(
    'm.content',
    "'<|im_start|>assistant\\n'",
    "'<|im_start|>assistant\\n<think>\\n'",
  ),
  'nothing, with the system message in the last user turn': inLastUser(''),
  'a space, with the system message in the last user turn (Mistral)': inLastUser(' '),
};
