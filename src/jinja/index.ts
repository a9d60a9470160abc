/**
 * This room renders Jinja templates with the meaning that they have in Python: Jinja2 3.1 as transformers sets it up for
 * chat templates. A string remembers which of its characters come from which message, so that a rendering says where
 * each message's words are, whatever the template does with them. What cannot be given its meaning in Python is refused
 * by name. The room knows nothing of models, tokens or files.
 */
export { TemplateError } from './errors.js';
export { type JinjaTemplate, parseJinja } from './interpreter.js';
export { resetLimits } from './limits.js';
export { isSpace } from './space.js';
export { type Origin, Str } from './str.js';
export type { Clock } from './strftime.js';
export { Dict, type Json, List, type Value, valueOfJson } from './values.js';
