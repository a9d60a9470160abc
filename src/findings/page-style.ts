/** CSS of the report, added to that of every page. */
export const PAGE_STYLE = `
main { max-width: 66rem; }
h3 { font-size: 1.02rem; margin: 2rem 0 .4rem; }
.question { color: var(--soft); font-size: 1.1rem; margin-top: 0; }
.headline { font-size: 1.2rem; line-height: 1.45; max-width: 50rem; }
.findings { padding-left: 1.1rem; max-width: 46rem; } .findings li { margin: .5rem 0; }
.plan { overflow-wrap: anywhere; }
figcaption, .note { font-size: .88rem; color: var(--soft); max-width: 46rem; }
figure { margin: 1.8rem 0; }
nav ul { display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; list-style: none; margin: 1.2rem 0 0; padding: 0; }
a { color: var(--held); }
table { font-size: .88rem; margin: .5rem 0; }
th, td { padding: .35rem .7rem; }
td.words { min-width: 16ch; }
td:last-child, th:last-child { padding-right: 0; }
details { margin: .8rem 0; border-top: 1px solid var(--line); padding-top: .6rem; }
summary { cursor: pointer; font-weight: 600; }
pre { background: var(--card); padding: .9rem; border-radius: 8px; overflow-x: auto; font-size: .82rem; }
:focus-visible { outline: 2px solid var(--held); outline-offset: 2px; }
.controls { position: sticky; top: 0; background: var(--paper); border-bottom: 1px solid var(--line); padding: .6rem 0;
  display: flex; flex-wrap: wrap; gap: .5rem .9rem; align-items: center; font-size: .9rem; z-index: 1; }
.controls label { color: var(--soft); }
.controls select, .controls button { font: inherit; color: var(--ink); background: var(--card); border: 1px solid var(--line);
  border-radius: 6px; padding: .25rem .5rem; max-width: 22rem; }
.controls button:disabled { opacity: .45; }
.prompt { border-left: 3px solid var(--ink); padding: .2rem 0 .2rem 1rem; margin: 1rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.round { border-top: 1px solid var(--line); padding: .6rem 0 1rem; }
.round > h3 { margin: 0 0 .2rem; color: var(--soft); font-weight: 500; font-size: .9rem; }
.user { margin: 0 0 .7rem; font-weight: 600; white-space: pre-wrap; overflow-wrap: anywhere; }
.sides { display: grid; grid-template-columns: 1fr 1fr; gap: .9rem; }
.side { background: var(--card); border-radius: 8px; padding: .7rem .9rem; min-width: 0; border-top: 3px solid var(--off); }
.side.held { border-top-color: var(--held); }
.side header { display: flex; flex-wrap: wrap; justify-content: space-between; gap: .2rem 1rem; font-size: .82rem; color: var(--soft);
  font-variant-numeric: tabular-nums; }
.off b { color: var(--off); } .held b { color: var(--held); }
.answer, .asked { white-space: pre-wrap; overflow-wrap: anywhere; }
.answer { margin: .35rem 0 .4rem; }
.facts { font-size: .8rem; color: var(--soft); margin: 0 0 .4rem; }
.side ul { list-style: none; margin: 0; padding: 0; font-size: .86rem; }
.side li { border-top: 1px solid var(--line); padding: .35rem 0; }
.asked { margin: .1rem 0 0; padding-left: 1.1rem; }
.score { font-weight: 600; font-variant-numeric: tabular-nums; }
.gone .score { color: var(--bad); } .kept .score { color: var(--good); }
@media (max-width: 44rem) { tbody th { white-space: normal; min-width: 9rem; } .sides { grid-template-columns: 1fr; } .controls { position: static; } }
@media print { .controls, nav { display: none; } .round, article { break-inside: avoid; } pre { white-space: pre-wrap; } .headline { font-size: 13pt; } table { font-size: 8pt; } th, td { padding: 2pt 4pt; white-space: normal; } }
`;
