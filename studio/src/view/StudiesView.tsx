import { useEffect } from 'preact/hooks';
import { type OpenStudy, type Progress, progressOf } from '../state/open-study.js';
import {
  closeStudy,
  failure,
  isWriting,
  listStudies,
  opened,
  openStudy,
  studies,
  study,
  writeReport,
} from '../state/studies.js';
import { CellRows } from './CellRows.js';
import { duration, short } from './format.js';
import { StudyDialogues } from './StudyDialogues.js';

/** Failures that are listed; more are only counted. */
const MOST_FAILURES = 50;

/** Studies: how far they are, what failed, their reports and dialogues. */
export function StudiesView() {
  useEffect(() => {
    void listStudies();
    return closeStudy;
  }, []);
  const known = studies.value;
  const shown = study.value;
  return (
    <main class="studies">
      <h2 class="sr-only">Studies</h2>
      {failure.value !== null && (
        <div class="banner failure" role="alert">
          <p>{failure.value}</p>
        </div>
      )}
      {known === null && (
        <p class="hint">
          Studies are in folders, which this page cannot read. <code>holdfast studio</code> shows those in the
          folder <code>studies</code>, or in another: <code>--studies FOLDER</code>.
        </p>
      )}
      {known?.length === 0 && (
        <div class="hint">
          <p>
            There is no study here. <code>holdfast study init</code> writes an example,{' '}
            <code>holdfast study run</code> runs it into the folder <code>studies</code>.
          </p>
          <button type="button" onClick={() => void listStudies()}>
            Look again
          </button>
        </div>
      )}
      {known !== null && known !== undefined && known.length > 0 && (
        <label class="field">
          <span>Study</span>
          <select
            value={opened.value ?? ''}
            onChange={({ currentTarget }) => void openStudy(currentTarget.value)}
          >
            {known.map((name) => (
              <option key={name} value={name}>
                {name === '.' ? 'the study of this folder' : name}
              </option>
            ))}
          </select>
        </label>
      )}
      {shown !== null && (
        <>
          <StudyProgress shown={shown} />
          <Report shown={shown} />
          <StudyDialogues shown={shown} />
        </>
      )}
    </main>
  );
}

function StudyProgress({ shown }: { readonly shown: OpenStudy }) {
  const progress = progressOf(shown, Date.now());
  const { counts, total } = progress;
  const failed = shown.news.filter(({ state }) => state === 'failed' || state === 'damaged');
  return (
    <section class="card" aria-labelledby="study-name">
      <h2 id="study-name">{shown.name}</h2>
      <progress value={total - counts.missing} max={total} aria-label="Cells that are computed" />
      {shown.isRead ? (
        <Counts progress={progress} />
      ) : (
        <p class="quiet">
          reading the folder: {total - counts.missing} of {total} cells so far …
        </p>
      )}
      <CellRows shown={shown} />
      {failed.length > 0 && (
        <details class="failures">
          <summary>What failed</summary>
          <ul>
            {failed.slice(0, MOST_FAILURES).map(({ at, error }) => {
              const { kind, model, source, arm, seed, index } = shown.cells[at]!;
              return (
                <li key={at}>
                  {kind}, {model}, {source} {index}, seed {seed}, {arm}: <span class="failure">{error}</span>
                </li>
              );
            })}
          </ul>
          {failed.length > MOST_FAILURES && (
            <p class="quiet">and {failed.length - MOST_FAILURES} more: holdfast study status lists them</p>
          )}
        </details>
      )}
    </section>
  );
}

/** How many cells are done, and when the rest will be. */
function Counts({ progress: { counts, total, newestMs, perMinute } }: { readonly progress: Progress }) {
  return (
    <p>
      <b>{counts.done}</b> of {total} cells done
      {counts.failed > 0 && <span class="failure">, {counts.failed} failed</span>}
      {counts.damaged > 0 && <span class="failure">, {counts.damaged} damaged</span>}
      {counts.missing > 0 && `, ${counts.missing} missing`}
      {newestMs !== null && (
        <span class="quiet">
          {' · '}the last at {new Date(newestMs).toLocaleTimeString()}
          {perMinute !== null && counts.missing > 0 && (
            <>
              , {short(perMinute)} a minute: about {duration((60_000 * counts.missing) / perMinute)} left
            </>
          )}
        </span>
      )}
    </p>
  );
}

/** The report that `holdfast study report` writes: a page of its own, inside this one. */
function Report({ shown }: { readonly shown: OpenStudy }) {
  const { reportMs, news } = shown;
  const newer = news.filter(({ writtenMs }) => reportMs !== null && writtenMs > reportMs).length;
  const done = news.filter(({ state }) => state === 'done').length;
  const address = `studio/report?study=${encodeURIComponent(opened.value ?? '')}&written=${reportMs}`;
  return (
    <section class="card" aria-labelledby="report-title">
      <div class="label-row">
        <h2 id="report-title">Report</h2>
        <button type="button" disabled={isWriting.value || done === 0} onClick={() => void writeReport()}>
          {isWriting.value ? 'Writing …' : reportMs === null ? 'Write it' : 'Write it again'}
        </button>
      </div>
      {reportMs === null ? (
        <p class="quiet">
          Not written yet. It can be written while the study runs, from the cells that are done.
        </p>
      ) : (
        <details>
          <summary>
            Written {new Date(reportMs).toLocaleString()}
            {newer > 0 && `, before ${newer} of the cells`}
          </summary>
          <iframe title={`Report of ${shown.name}`} src={address} sandbox="allow-scripts" loading="lazy" />
          <p class="quiet">
            <a href={address} target="_blank" rel="noopener noreferrer">
              Open it in a tab of its own
            </a>
          </p>
        </details>
      )}
    </section>
  );
}
