// The operator's console begins here: signing in, which project, which view, and the turn every two seconds that keeps it true.
import { Api, SignedOut, Unreachable, type Who } from './api';
import type { Project, ServerStatus } from './model';
import { button } from './parts';
import { placeIn, type Tools, type View } from './view';
import { callsView } from './calls';
import { callView } from './call';
import { overviewView } from './overview';
import { sessionsView, sessionView } from './sessions';
import { settingsView } from './settings';
import { usersView } from './users';
import { webhooksView } from './webhooks';
import { momentText } from './words';

const TURN_MS = 2_000;
const LONGEST_PAUSE_MS = 16_000;
const NOTICE_MS = 8_000;
const PROJECT_KEY = 'offhook.console.project';

function byId<Kind extends HTMLElement>(id: string): Kind {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element "${id}"`);
  return found as Kind;
}

const api = new Api();
const signIn = byId('sign-in'), home = byId('home'), main = byId('view');
const projects = byId<HTMLSelectElement>('project');
let view: View | undefined;
let turn = 0;           // the number of the turn that is planned; one that has been overtaken does nothing
let failures = 0;
let startedAtMs = 0;
let noticeTimer = 0;
let expiryTimer = 0;

const tools: Tools = { api, notify, refresh: () => void runTurn() };

function makeView(): View {
  const place = placeIn(location.hash);
  switch (place.name) {
    case 'calls': return place.id ? callView(tools, place.id) : callsView(tools, place.query);
    case 'sessions': return place.id ? sessionView(tools, place.id) : sessionsView(tools);
    case 'users': return usersView(tools, place.query);
    case 'webhooks': return webhooksView(tools, place.query);
    case 'settings': return settingsView(tools);
    default: return overviewView(tools);
  }
}

function notify(text: string, tone: 'good' | 'bad' = 'good'): void {
  const notice = byId('notice');
  byId('notice-text').textContent = text;
  notice.dataset.tone = tone;
  notice.hidden = false;
  clearTimeout(noticeTimer);
  if (tone === 'good') noticeTimer = window.setTimeout(() => { notice.hidden = true; }, NOTICE_MS);
}

function showLink(state: 'live' | 'waiting' | 'gone', text: string): void {
  const element = byId('link-state');
  if (element.textContent !== text) element.textContent = text;
  element.dataset.state = state;
}

// --- what is shown

function openPlace(byOperator: boolean): void {
  view = makeView();
  document.title = `${view.title} · Offhook console`;
  main.replaceChildren(view.element);
  const { name } = placeIn(location.hash);
  for (const item of document.querySelectorAll<HTMLAnchorElement>('#nav a')) {
    if (item.dataset.view === name) item.setAttribute('aria-current', 'page');
    else item.removeAttribute('aria-current');
  }
  if (byOperator) {
    main.focus({ preventScroll: true });
    scrollTo(0, 0);
  }
  void runTurn();
}

async function refreshAll(): Promise<void> {
  const status = await api.getAsOperator<ServerStatus>('/v1/server');
  if (startedAtMs !== 0 && status.started_at_ms !== startedAtMs) {
    notify(`The server was started again at ${momentText(status.started_at_ms)}.`);
    api.forget();
  }
  startedAtMs = status.started_at_ms;
  const names = { ready: 'Live', behind: 'Live, but the disk is behind', overloaded: 'Live, but with too much to do', draining: 'The server is stopping' };
  await view?.refresh();
  showLink(status.state === 'ready' ? 'live' : 'waiting', names[status.state]);
}

function planTurn(delay: number): void {
  const number = ++turn;
  if (!document.hidden) window.setTimeout(() => { if (number === turn) void runTurn(); }, delay);
}

async function runTurn(): Promise<void> {
  const number = ++turn;
  if (home.hidden) return;
  try {
    await refreshAll();
    if (failures > 0) notify('The server is there again.');
    failures = 0;
  } catch (problem) {
    if (home.hidden) return;  // signed out meanwhile
    if (problem instanceof SignedOut) return showSignIn(problem.dev, 'You have been signed out: the session is over.');
    if (problem instanceof Unreachable) {
      failures += 1;
      showLink('gone', 'The server cannot be reached. Trying again…');
    } else {
      notify(problem instanceof Error ? problem.message : String(problem), 'bad');
    }
  }
  if (number === turn) planTurn(Math.min(TURN_MS * 2 ** Math.max(failures - 1, 0), LONGEST_PAUSE_MS));
}

// --- projects

async function loadProjects(): Promise<void> {
  const { projects: all } = await api.getAsOperator<{ projects: Project[] }>('/v1/projects');
  const open = [...new Map(all.filter(({ disabled }) => !disabled).map((project) => [project.key, project])).values()];
  projects.replaceChildren(...open.map(({ key, name }) => {
    const option = document.createElement('option');
    option.value = key;
    option.textContent = name && name !== 'from the configuration' ? `${key} · ${name}` : key;
    return option;
  }));
  const kept = sessionStorage.getItem(PROJECT_KEY);
  if (open.some(({ key }) => key === kept)) projects.value = kept!;
  api.project = projects.value;
  byId('no-projects').hidden = open.length > 0;
}

projects.addEventListener('change', () => {
  sessionStorage.setItem(PROJECT_KEY, projects.value);
  api.project = projects.value;
  api.forget();
  if (placeIn(location.hash).id) location.hash = `#/${placeIn(location.hash).name}`;
  else openPlace(false);
});

// --- signing in and out

function showSignIn(dev: boolean, why: string): void {
  api.forget();
  turn += 1;
  clearTimeout(expiryTimer);
  home.hidden = true;
  signIn.hidden = false;
  main.replaceChildren();
  document.title = 'Sign in · Offhook console';
  byId('sign-in-dev').hidden = !dev;
  tellProblem(why);
  const name = byId<HTMLInputElement>('sign-in-user');
  (name.value ? byId<HTMLInputElement>('sign-in-password') : name).focus();
}

function tellProblem(why: string): void {
  byId('sign-in-problem').textContent = why;
  byId('sign-in-problem').hidden = why === '';
}

async function enter(who: Who): Promise<void> {
  byId('me').textContent = who.user;
  byId<HTMLInputElement>('sign-in-password').value = '';
  const longest = 2 ** 31 - 1;
  clearTimeout(expiryTimer);
  expiryTimer = window.setTimeout(() => void runTurn(), Math.min(who.expires_in_ms + 500, longest));
  await loadProjects();
  signIn.hidden = true;
  home.hidden = false;
  byId('notice').hidden = true;
  openPlace(true);
}

byId('sign-in-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const submit = byId<HTMLButtonElement>('sign-in-submit');
  submit.disabled = true;
  tellProblem('');
  api.signIn(byId<HTMLInputElement>('sign-in-user').value, byId<HTMLInputElement>('sign-in-password').value).then(enter)
    .catch((problem: unknown) => {
      tellProblem(problem instanceof Error ? problem.message : String(problem));
      byId<HTMLInputElement>('sign-in-password').select();
    })
    .finally(() => { submit.disabled = false; });
});

byId('sign-out').addEventListener('click', () => {
  void api.signOut().catch(() => {}).finally(() => showSignIn(false, 'You have signed out.'));
});

byId('notice').append(button('Close', () => { byId('notice').hidden = true; }));
addEventListener('hashchange', () => { if (!home.hidden) openPlace(true); });
document.addEventListener('visibilitychange', () => { if (!document.hidden) void runTurn(); });

async function begin(): Promise<void> {
  try {
    await enter(await api.who());
  } catch (problem) {
    if (problem instanceof Unreachable) {
      tellProblem(problem.message);
      window.setTimeout(() => void begin(), TURN_MS);
      return;
    }
    showSignIn(problem instanceof SignedOut && problem.dev, problem instanceof SignedOut ? '' : String(problem));
  }
}

void begin();
