import type { ComponentType } from 'preact';
import { useRef } from 'preact/hooks';
import { announcement } from '../state/announce.js';
import { message } from '../state/message.js';
import { PANELS, type Panel, panel } from '../state/panel.js';
import { view } from '../state/view.js';
import { Composer } from './Composer.js';
import { Conversation } from './Conversation.js';
import { CoursePanel } from './CoursePanel.js';
import { Header, ModelNotes } from './Header.js';
import { HoldPanel } from './HoldPanel.js';
import { Legend } from './Legend.js';
import { MapPanel } from './MapPanel.js';
import { PromptCard } from './PromptCard.js';
import { StudiesView } from './StudiesView.js';
import { TokenPanel } from './TokenPanel.js';

const TABS: Readonly<Record<Panel, { readonly name: string; readonly View: ComponentType }>> = {
  hold: { name: 'Take hold', View: HoldPanel },
  word: { name: 'One word', View: TokenPanel },
  map: { name: 'Heads', View: MapPanel },
  course: { name: 'Course', View: CoursePanel },
};

/** The page. */
export function App() {
  return (
    <>
      <Header />
      {view.value === 'studies' ? <StudiesView /> : <DialogueView />}
      <Announcement />
    </>
  );
}

/**
 * The only live region of the page besides alerts: it says once what has finished. What is going on is seen, and read on
 * demand.
 */
function Announcement() {
  return (
    <p class="sr-only" role="status">
      {announcement.value}
    </p>
  );
}

function DialogueView() {
  return (
    <div class="page">
      <main>
        <ModelNotes />
        <MessageBanner />
        <PromptCard />
        <Legend />
        <Conversation />
        <Composer />
      </main>
      <aside aria-label="The hold and what it does">
        <Tabs />
      </aside>
    </div>
  );
}

/** What the page tells that belongs to no answer. A note is announced where it comes from; a failure is an alert. */
function MessageBanner() {
  if (message.value === null) return null;
  const { kind, text } = message.value;
  return (
    <div class={`banner ${kind}`} role={kind === 'failure' ? 'alert' : 'note'}>
      <p>{text}</p>
      <button
        type="button"
        class="plain"
        onClick={() => {
          message.value = null;
        }}
      >
        Close
      </button>
    </div>
  );
}

function Tabs() {
  const list = useRef<HTMLDivElement>(null);
  const { View } = TABS[panel.value];
  const move = (event: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    panel.value = PANELS[(PANELS.indexOf(panel.value) + step + PANELS.length) % PANELS.length]!;
    list.current?.querySelector<HTMLElement>(`#tab-${panel.value}`)?.focus();
  };
  return (
    <section class="card tabbed">
      <div class="tabs" role="tablist" aria-label="Panels" ref={list} onKeyDown={move}>
        {PANELS.map((name) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`tab-${name}`}
            aria-selected={panel.value === name}
            aria-controls="tab-panel"
            tabIndex={panel.value === name ? 0 : -1}
            onClick={() => {
              panel.value = name;
            }}
          >
            {TABS[name].name}
          </button>
        ))}
      </div>
      <div id="tab-panel" role="tabpanel" aria-labelledby={`tab-${panel.value}`}>
        <View />
      </div>
    </section>
  );
}
