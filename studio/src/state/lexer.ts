/** A module of its own, so that a page that shows no Markdown does not load it. */
export { lexer } from 'marked';
