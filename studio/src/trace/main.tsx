import { render } from 'preact';
import '../style/tokens.css';
import '../style/controls.css';
import '../style/page.css';
import '../style/answers.css';
import '../style/panels.css';
import './trace.css';
import { openTrace } from './open-trace.js';
import { createState } from './state.js';
import { TracePage } from './TracePage.js';

void openTrace().then((trace) => {
  const root = document.querySelector<HTMLElement>('#app')!;
  root.replaceChildren();
  render(<TracePage state={createState(trace)} />, root);
});
