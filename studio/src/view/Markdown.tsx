import type { MarkedToken, Token } from 'marked';
import type { ComponentChildren } from 'preact';
import { lexer } from '../state/markdown.js';
import { ScrollTable } from './ScrollTable.js';

/** A text as Markdown. What a model wrote becomes text and elements, never HTML: its tags are shown as they are. */
export function Markdown({ text }: { readonly text: string }) {
  const read = lexer.value;
  return <div class="markdown">{read === null ? text : all(read(text))}</div>;
}

const all = (tokens: readonly Token[]): ComponentChildren =>
  tokens.map((token, index) => <One key={index} token={token as MarkedToken} />);

/** Addresses that a link may have: no model can make the page run a script. */
const SAFE = /^(?:https?|mailto):/i;

function One({ token }: { readonly token: MarkedToken }) {
  switch (token.type) {
    case 'heading':
      // Not a heading of the page, whose outline is its own.
      return <p class={`md-heading md-heading-${token.depth}`}>{all(token.tokens)}</p>;
    case 'paragraph':
      return <p>{all(token.tokens)}</p>;
    case 'blockquote':
      return <blockquote>{all(token.tokens)}</blockquote>;
    case 'list': {
      const items = token.items.map((item, index) => <li key={index}>{all(item.tokens)}</li>);
      return token.ordered ? <ol start={Number(token.start)}>{items}</ol> : <ul>{items}</ul>;
    }
    case 'checkbox':
      return <>{token.checked ? '☑ ' : '☐ '}</>;
    case 'code':
      return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: only what has the focus can be scrolled by the keyboard
        <pre tabIndex={0}>
          <code>{token.text}</code>
        </pre>
      );
    case 'table':
      return (
        <ScrollTable label="Table">
          <thead>
            <tr>
              {token.header.map((cell, index) => (
                <th key={index} scope="col">
                  {all(cell.tokens)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {token.rows.map((row, index) => (
              <tr key={index}>
                {row.map((cell, column) => (
                  <td key={column}>{all(cell.tokens)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </ScrollTable>
      );
    case 'strong':
      return <strong>{all(token.tokens)}</strong>;
    case 'em':
      return <em>{all(token.tokens)}</em>;
    case 'del':
      return <del>{all(token.tokens)}</del>;
    case 'codespan':
      return <code>{token.text}</code>;
    case 'link':
      if (!SAFE.test(token.href)) return <>{token.raw}</>;
      return (
        <a href={token.href} target="_blank" rel="noopener noreferrer">
          {all(token.tokens)}
        </a>
      );
    case 'br':
      return <br />;
    case 'hr':
      return <hr />;
    case 'space':
    case 'def':
      return null;
    case 'text':
      return <>{token.tokens === undefined ? token.text : all(token.tokens)}</>;
    case 'escape':
      return <>{token.text}</>;
    // A picture would be a request to a third party; a tag is what the model wrote.
    default:
      return <>{token.raw}</>;
  }
}
