import { render } from 'preact';
import './style/tokens.css';
import './style/controls.css';
import './style/page.css';
import './style/answers.css';
import './style/panels.css';
import './style/studies.css';
import { system } from './state/dialogue.js';
import { start } from './state/engine.js';
import { EXAMPLE } from './state/example.js';
import { keepState } from './state/storage.js';
import { App } from './view/App.js';

const root = document.querySelector<HTMLElement>('#app')!;
await keepState();
if (system.value === '') system.value = EXAMPLE.system;
root.replaceChildren();
render(<App />, root);
await start();
