// Sessions that somebody is in, and one of them with its connections and streams.
import { Refused } from './api';
import type { Connection, LiveSession, SessionView, Stream } from './model';
import { Pages } from './pages';
import { button, callLink, confirmed, labelled, link, make, panel, shortId, Table } from './parts';
import { attempt, type Tools, type View } from './view';
import { momentText } from './words';

export function sessionsView(tools: Tools): View {
  const table = new Table<LiveSession>('Sessions', ['Session', 'Connections', 'Streams', 'Call'], 'Nobody is in a session at this moment.', ({ session_id }) => session_id, (session) => {
    const open = link(`#/sessions/${encodeURIComponent(session.session_id)}`, shortId(session.session_id));
    open.className = 'id';
    return [open, String(session.connections), String(session.streams), session.calls.length > 0 ? make('span', 'ids', ...session.calls.map(callLink)) : 'none'];
  });
  const pages = new Pages<LiveSession>(tools.api, 'sessions', (sessions) => table.show(sessions), (error) => tools.notify(String(error), 'bad'));
  return {
    title: 'Sessions',
    element: make('div', 'stack', make('h1', '', 'Sessions'), panel('Somebody is in', table.element, pages.element)),
    refresh: () => pages.refresh('/v1/sessions?limit=25'),
  };
}

export function sessionView(tools: Tools, id: string): View {
  const path = `/v1/sessions/${encodeURIComponent(id)}`;
  const sendAway = async (connection: Connection) => {
    const who = connection.user ?? shortId(connection.connection_id);
    if (!await confirmed('Send this connection away?', `${who} leaves the session and is told so.`, 'Send away')) return;
    await attempt(tools, async () => {
      await tools.api.change('DELETE', `${path}/connections/${encodeURIComponent(connection.connection_id)}`);
      return `${who} has been sent away.`;
    });
  };
  const connections = new Table<Connection>('Connections', ['User', 'Data', 'Since', 'Connection', ''], 'Nobody is in this session.', ({ connection_id }) => connection_id, (connection) => [
    connection.user ? make('strong', 'break', connection.user) : 'nobody by name',
    make('span', 'break', connection.data ?? '–'),
    make('span', 'nowrap', momentText(connection.created_at_ms)),
    make('span', 'id', shortId(connection.connection_id)),
    labelled(button('Send away', () => void sendAway(connection)), `Send away ${connection.user ?? connection.connection_id}`),
  ]);
  const streams = new Table<Stream>('Streams', ['Stream', 'Name', 'Sound', 'Picture', 'Connection'], 'Nobody publishes.', ({ stream_id }) => stream_id, (stream) => [
    make('span', 'id', shortId(stream.stream_id)), make('span', 'break', stream.name ?? '–'), stream.has_audio ? 'on' : 'off', stream.has_video ? 'on' : 'off',
    make('span', 'id', shortId(stream.connection_id)),
  ]);
  const problem = make('p', 'hint');
  return {
    title: 'Session',
    element: make('div', 'stack', make('p', 'crumb', link('#/sessions', 'Sessions')), make('h1', 'id', id), problem, panel('Connections', connections.element), panel('Streams', streams.element)),
    refresh: async () => {
      try {
        const session = await tools.api.get<SessionView>(path);
        connections.show(session.connections);
        streams.show(session.streams);
      } catch (refused) {
        if (!(refused instanceof Refused) || refused.status !== 404) throw refused;
        problem.textContent = 'There is no such session any more.';
        connections.show([]);
        streams.show([]);
      }
    },
  };
}
