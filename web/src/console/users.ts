// Who is there: users with their devices, and the calls they are in.
import type { Device, User } from './model';
import { Pages } from './pages';
import { button, callLink, chip, confirmed, labelled, link, make, panel, Table } from './parts';
import { attempt, type Tools, type View } from './view';

async function disconnect(tools: Tools, user: string, device: Device): Promise<void> {
  const name = device.name ?? device.device_id;
  const more = `“${name}” of ${user} is sent away. A call it is in ends unless the device comes back in time. It may connect again with a token that is still good.`;
  if (!await confirmed('Disconnect this device?', more, 'Disconnect')) return;
  await attempt(tools, async () => {
    const path = `/v1/users/${encodeURIComponent(user)}/disconnect?device_id=${encodeURIComponent(device.device_id)}`;
    const { disconnected } = await tools.api.change('POST', path) as { disconnected: number };
    return disconnected ? `“${name}” of ${user} has been disconnected.` : `“${name}” of ${user} was gone already.`;
  });
}

function devicesOf(tools: Tools, { user, devices }: User): HTMLElement {
  return make('ul', 'devices', ...devices.map((device) => {
    const state = device.in_call ? chip('in a call', 'live') : device.online ? chip('online', 'good') : chip('link lost', 'warn');
    const name = make('span', 'device-name', device.name ?? device.device_id);
    name.title = device.device_id;
    const away = labelled(button('Disconnect', () => void disconnect(tools, user, device)), `Disconnect ${device.name ?? device.device_id} of ${user}`);
    return make('li', '', name, state, away);
  }));
}

function searchForm(prefix: string): HTMLFormElement {
  const text = make('input');
  Object.assign(text, { name: 'prefix', type: 'search', placeholder: 'Beginning of the name', autocomplete: 'off', spellcheck: false, maxLength: 128 });
  text.value = prefix;
  const form = make('form', 'search', make('label', 'wide', make('span', '', 'User'), text), make('button', 'button primary', 'Search'));
  labelled(form, 'Search for users').setAttribute('role', 'search');
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    location.hash = text.value ? `#/users?prefix=${encodeURIComponent(text.value)}` : '#/users';
  });
  return form;
}

export function usersView(tools: Tools, query: URLSearchParams): View {
  const prefix = query.get('prefix') ?? '';
  const table = new Table<User>('Users', ['User', 'Devices', 'Live calls', ''], prefix ? 'Nobody of that name is there.' : 'Nobody is there at this moment.', ({ user }) => user, (user) => [
    make('span', 'who', chip(user.online ? 'online' : 'away', user.online ? 'good' : ''), make('strong', 'break', user.user)),
    user.devices.length > 0 ? devicesOf(tools, user) : 'none',
    user.live_calls.length > 0 ? make('span', 'ids', ...user.live_calls.map(callLink)) : '–',
    link(`#/calls?user=${encodeURIComponent(user.user)}`, 'Calls'),
  ]);
  const pages = new Pages<User>(tools.api, 'users', (users) => table.show(users), (error) => tools.notify(String(error), 'bad'));
  return {
    title: 'Users',
    element: make('div', 'stack', make('h1', '', 'Users'), searchForm(prefix), panel('Who is there', table.element, pages.element)),
    refresh: () => pages.refresh(`/v1/users?limit=25${prefix ? `&prefix=${encodeURIComponent(prefix)}` : ''}`),
  };
}
