// One call: why it ended as it did, its time line as a picture and as a table, and what has not been told about it.
import { Refused } from './api';
import type { Call, Entry, TimeLine, WebhookEvent } from './model';
import { button, callLink, chip, confirmed, labelled, link, make, panel, Table } from './parts';
import { TimeLinePicture } from './picture';
import { isOfServer, layOut, type Spot } from './timeline_layout';
import { attempt, type Tools, type View } from './view';
import { calledText, durationText, momentText, plain, stateText, talkedText, toneOf } from './words';
import { eventsTable } from './webhooks';

const LEGEND: [string, string][] = [['says', 'a device says'], ['told', 'a device is told'], ['server', 'the server'], ['link', 'a link'], ['decides', 'the decision'], ['webhook', 'a webhook']];

function legend(): HTMLElement {
  const list = make('ul', 'legend', ...LEGEND.map(([mark, meaning]) => make('li', mark, make('i'), meaning)));
  return labelled(list, 'What the marks mean');
}

interface Row { entry: Entry; index: number; decides: boolean }

function entriesTable(choose: (index: number) => void): Table<Row> {
  const table = new Table<Row>('Events of the call', ['After', 'Device', 'Event'], 'Nothing is kept of this call.', ({ index }) => String(index), ({ entry, index, decides }) => {
    const time = `${(entry.after_ms / 1000).toFixed(3)} s`;
    return [
      labelled(button(time, () => choose(index), 'text-button'), `${time}, show in the picture`),
      isOfServer(entry) ? 'server' : `${entry.user}${entry.device ? ` (${entry.device})` : ''}`,
      decides ? make('span', '', chip('decides', 'warn'), ' ', entry.text) : entry.text,
    ];
  });
  table.element.classList.add('compact');
  return table;
}

function facts(call: Call): HTMLElement {
  const all: [string, Node | string][] = [
    ['Caller', link(`#/calls?user=${encodeURIComponent(call.caller)}`, call.caller)], ['Called', calledText(call)], ['Media', call.media],
    ['Placed', momentText(call.created_at_ms)],
    ['Answered', call.answered_at_ms ? `after ${durationText(call.answered_at_ms - call.created_at_ms)}` : 'never'],
    ['Talked', talkedText(call)], ['Id', make('span', 'id', call.call_id)],
  ];
  return make('dl', 'facts', ...all.map(([name, value]) => make('div', '', make('dt', '', name), make('dd', '', value))));
}

export function callView(tools: Tools, id: string): View {
  const heading = make('h1', '', 'Call'), state = make('span', 'state'), actions = make('span', 'head-actions');
  const why = make('p', 'why'), more = make('p', 'hint'), factsBox = make('div');
  const table = entriesTable((index) => picture.choose(index));
  const picture = new TimeLinePicture((spot: Spot) => {
    for (const row of table.rows) row.classList.toggle('chosen', row.dataset.key === String(spots.indexOf(spot)));
  });
  const events = eventsTable(tools, 'Everything about this call has been delivered, or no webhook wants it.');
  let spots: Spot[] = [];
  let shown: TimeLine | undefined, shownEvents: WebhookEvent[] | undefined;

  const end = async () => {
    if (!await confirmed('End this call?', 'Both sides are told at once that it has been ended by the operator.', 'End the call')) return;
    await attempt(tools, async () => {
      await tools.api.change('POST', `/v1/calls/${encodeURIComponent(id)}/end`);
      return 'The call has been ended.';
    });
  };

  const show = (line: TimeLine, undelivered: WebhookEvent[]) => {
    const { call } = line;
    heading.replaceChildren(call.caller, ' → ', calledText(call));
    state.replaceChildren(chip(stateText(call), toneOf(call.phase === 'ended' ? call.outcome : undefined)), ...(call.reason ? [chip(plain(call.reason))] : []));
    actions.replaceChildren(...(call.phase === 'ended' ? [] : [button('End the call', () => void end(), 'button danger')]));
    why.textContent = line.why;
    more.textContent = [`Last good step: ${line.last_good}.`, line.advice ?? ''].join(' ').trim();
    factsBox.replaceChildren(facts(call));
    const laid = layOut(call, line.entries, undelivered);
    spots = laid.spots;
    table.show(spots.map(({ entry }, index) => ({ entry, index, decides: index === laid.deciding })));
    picture.show(laid);
    events.show(undelivered);
  };

  const missing = (problem: Refused) => {
    heading.textContent = 'No such call';
    why.textContent = `${problem.message} Calls are kept as long as keep_calls in the settings says.`;
    for (const part of [pictureBox, tableBox, eventsBox]) part.hidden = true;
  };

  const pictureBox = panel('Time line', legend(), picture.element), tableBox = panel('Every event', table.element), eventsBox = panel('Webhook events not delivered', events.element);
  const head = make('div', 'view-head', make('div', '', make('p', 'crumb', link('#/calls', 'Calls'), ' / ', callLink(id)), heading), state, actions);
  const explained = make('section', 'panel explained', labelled(why, 'Why'), more, factsBox);
  return {
    title: 'Call',
    element: make('div', 'stack', head, explained, pictureBox, tableBox, eventsBox),
    refresh: async () => {
      try {
        const [line, undelivered] = await Promise.all([
          tools.api.get<TimeLine>(`/v1/calls/${encodeURIComponent(id)}/timeline`),
          tools.api.get<{ events: WebhookEvent[] }>(`/v1/webhooks/events?about=${encodeURIComponent(id)}&limit=50`),
        ]);
        if (line === shown && undelivered.events === shownEvents) return;
        [shown, shownEvents] = [line, undelivered.events];
        show(line, undelivered.events);
      } catch (problem) {
        if (problem instanceof Refused && problem.status === 404) missing(problem);
        else throw problem;
      }
    },
  };
}
