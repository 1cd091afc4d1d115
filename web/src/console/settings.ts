// The settings in force: those of the project that is chosen, and those of the server. They are changed in its configuration.
import type { ProjectSettings, Setting } from './model';
import { make, panel } from './parts';
import type { Tools, View } from './view';
import { durationText, numberText, plain } from './words';

function valueText(name: string, value: Setting): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string') return plain(value);
  if (!name.endsWith('_ms')) return numberText(value);
  return value === 0 && name === 'keep_calls_ms' ? 'for ever' : durationText(value);
}

function list(settings: Record<string, Setting>): HTMLElement {
  return make('dl', 'settings', ...Object.entries(settings).map(([name, value]) =>
    make('div', '', make('dt', '', name.replace(/_ms$/, '')), make('dd', '', valueText(name, value)))));
}

function iceText(servers: ProjectSettings['ice_servers']): string {
  return servers.map(({ urls, has_credential }) => `${urls.join(', ')}${has_credential ? ' (with a credential)' : ''}`).join('; ') || 'none';
}

export function settingsView(tools: Tools): View {
  const body = make('div', 'columns');
  let shown: ProjectSettings | undefined;
  const show = (project: ProjectSettings, server: Record<string, Setting>) => {
    const { clients_create_sessions, presence, refuse_unknown_users } = project;
    const hooks = project.webhooks.map(({ name, dialect, events }) => `${name} (${dialect}${events.length > 0 ? `: ${events.join(', ')}` : ''})`).join('; ');
    body.replaceChildren(
      panel('Timers', list(project.timers)),
      panel('Calls and limits', list({ ...project.calls, ...project.limits, clients_create_sessions, presence, refuse_unknown_users })),
      panel('Servers of others', list({ ice_servers: iceText(project.ice_servers), webhooks: hooks || 'none' })),
      panel('Of the whole server', list(server)));
  };
  return {
    title: 'Settings',
    element: make('div', 'stack', make('h1', '', 'Settings in force'), make('p', 'hint', 'They are changed in the configuration file; secrets are not shown.'), body),
    refresh: async () => {
      const [project, server] = await Promise.all([tools.api.get<ProjectSettings>('/v1/settings'), tools.api.getAsOperator<Record<string, Setting>>('/v1/server/settings')]);
      if (project === shown) return;
      shown = project;
      show(project, server);
    },
  };
}
