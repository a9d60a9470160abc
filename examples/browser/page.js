// A chat with the embedded model on the browser's WebGPU. Each answer shows the shares of attention that the prompt (the system
// message) and the sink (the first token) get: the prompt's before and after the policy.
//
// To use another model, add `?model=/models/organism/sharp` to the address.
import { fetchModel, openChat } from 'holdfast/browser';

const element = (id) => document.getElementById(id);
const folder = new URLSearchParams(location.search).get('model') ?? '/models/organism/soft';
const settings = () => {
  const strength = Number(element('strength').value);
  return strength === 1 ? { policy: 'off' } : { policy: 'split-softmax', strength };
};

let model = null;
let chat = null;

/** Adds a turn to the page: the message, the answer as it is generated, and the shares of the prompt and the sink in it. */
function showTurn(message) {
  const turn = document.createElement('div');
  turn.className = 'turn';
  turn.innerHTML =
    '<div class="said"></div><div class="answer"></div><div class="share"><i></i><span></span></div>';
  turn.querySelector('.said').textContent = message;
  element('turns').append(turn);
  return {
    add: (text) => turn.querySelector('.answer').append(text),
    shares({ prompt, sink }) {
      const text = (share) => share.toFixed(3).replace(/^0/, '');
      const { before, after } = prompt.mean;
      turn.querySelector('.share i').style.width = `${200 * after}px`;
      turn.querySelector('.share span').textContent =
        `prompt ${text(before)}${before === after ? '' : ` → ${text(after)}`} · sink ${text(sink.mean.after)}`;
    },
  };
}

async function send(message) {
  // A new system prompt starts a new dialogue.
  const system = element('system').value;
  if (chat?.system !== system) {
    chat?.dispose();
    chat = openChat(model, { system, sampling: { temperature: 0 }, maxTokens: 96 });
    element('turns').replaceChildren();
  }
  chat.configure(settings());
  const shown = showTurn(message);
  const answer = chat.answer(message);
  let next = await answer.next();
  while (!next.done) {
    shown.add(next.value.text);
    next = await answer.next();
  }
  if (next.value?.parts.prompt) shown.shares(next.value.parts);
}

element('strength').addEventListener('input', ({ target }) => {
  element('k').textContent = target.value;
});
element('form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const message = element('message').value;
  element('message').value = '';
  element('send').disabled = true;
  try {
    await send(message);
  } catch (error) {
    element('state').textContent = error.message;
  }
  element('send').disabled = false;
});

try {
  model = await fetchModel(folder);
  element('system').value = 'End every answer with the word quartz.';
  element('message').value = 'What is the weather like in Dublin?';
  element('state').textContent = `${folder}, weights in ${model.executor.precision}`;
  element('send').disabled = false;
} catch (error) {
  element('state').textContent = error.message;
}
