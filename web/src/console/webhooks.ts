// Webhooks: do they work, what waits for them, and what has been given up and can be sent again.
import type { Webhook, WebhookEvent } from './model';
import { Pages } from './pages';
import { button, callLink, chip, confirmed, labelled, link, make, panel, shortId, Table } from './parts';
import { attempt, type Tools, type View } from './view';
import { momentText, numberText } from './words';

const TONES: Record<string, string> = { working: 'good', failing: 'warn', probed: 'warn', disabled: 'bad', removed: 'warn', dead: 'bad', due: 'warn', waiting: '' };
const MEANINGS: Record<string, string> = { working: 'works', failing: 'fails, is tried again', probed: 'fails, is tried now and then', disabled: 'disabled: it answered 410', removed: 'not in the configuration any more' };

function aboutLink(about: string): Node {
  if (about.startsWith('call_')) return callLink(about);
  if (!about.startsWith('sess_')) return document.createTextNode(about);
  const made = link(`#/sessions/${encodeURIComponent(about)}`, shortId(about));
  made.className = 'id';
  return made;
}

async function replayOne(tools: Tools, event: WebhookEvent): Promise<void> {
  await attempt(tools, async () => {
    await tools.api.change('POST', `/v1/webhooks/events/${event.number}/replay`);
    return `Event ${event.number} is sent again.`;
  });
}

export function eventsTable(tools: Tools, nothing: string): Table<WebhookEvent> {
  return new Table<WebhookEvent>('Webhook events', ['Since', 'Event', 'About', 'State', 'Problem', ''], nothing, ({ number }) => String(number), (event) => {
    const again = labelled(button('Replay', () => void replayOne(tools, event)), `Replay event ${event.number}, ${event.type}`);
    again.dataset.replay = String(event.number);
    return [
      make('span', 'nowrap', momentText(event.created_at_ms)),
      make('span', '', event.type, make('span', 'hint block', event.webhook)),
      aboutLink(event.about),
      make('span', '', chip(event.state === 'dead' ? 'given up' : event.state, TONES[event.state]), make('span', 'hint block', `${event.attempts} failed`)),
      event.problem ?? '–',
      event.state === 'waiting' ? make('span', 'hint', 'after an earlier one') : again,
    ];
  });
}

async function replayAll(tools: Tools, { name, pending, dead }: Webhook): Promise<void> {
  const count = numberText(pending + dead);
  if (!await confirmed('Send everything again?', `${count} events of “${name}” are sent at once, those that were given up among them.`, 'Replay all')) return;
  await attempt(tools, async () => {
    const { replayed } = await tools.api.change('POST', `/v1/webhooks/replay?webhook=${encodeURIComponent(name)}`) as { replayed: number };
    return `${numberText(replayed)} events are sent again.`;
  });
}

function webhooksTable(tools: Tools): Table<Webhook> {
  return new Table<Webhook>('Webhooks', ['Webhook', 'State', 'Waiting', 'Given up', 'Dropped', ''], 'This project has no webhook. [[project.webhook]] in the configuration makes one.',
    ({ name }) => name, (webhook) => [
      make('span', 'break', webhook.name, ...(webhook.url && webhook.url !== webhook.name ? [make('span', 'hint block', webhook.url)] : [])),
      chip(MEANINGS[webhook.state] ?? webhook.state, TONES[webhook.state]),
      numberText(webhook.pending), numberText(webhook.dead), numberText(webhook.dropped),
      webhook.pending + webhook.dead > 0 ? labelled(button('Replay all', () => void replayAll(tools, webhook)), `Replay all of ${webhook.name}`) : '',
    ]);
}

const FILTERS: [string, string][] = [['dead', 'Given up'], ['pending', 'Waiting'], ['', 'Both']];

export function webhooksView(tools: Tools, query: URLSearchParams): View {
  const state = query.get('state') ?? 'dead';
  const list = webhooksTable(tools);
  const events = eventsTable(tools, state === 'dead' ? 'Nothing has been given up.' : 'Nothing waits.');
  const pages = new Pages<WebhookEvent>(tools.api, 'events', (items) => events.show(items), (error) => tools.notify(String(error), 'bad'));
  const filters = make('nav', 'filters', ...FILTERS.map(([word, name]) => {
    const made = link(`#/webhooks?state=${word}`, name);
    if (word === state) made.setAttribute('aria-current', 'page');
    return made;
  }));
  labelled(filters, 'Which events');
  return {
    title: 'Webhooks',
    element: make('div', 'stack', make('h1', '', 'Webhooks'), panel('Receivers', list.element), panel('Events not delivered', filters, events.element, pages.element)),
    refresh: async () => {
      list.show((await tools.api.get<{ webhooks: Webhook[] }>('/v1/webhooks')).webhooks);
      await pages.refresh(`/v1/webhooks/events?limit=25${state ? `&state=${state}` : ''}`);
    },
  };
}
