// What every view of the console has in common.
import type { Api } from './api';

export interface Place { name: string; id?: string; query: URLSearchParams }

export interface Tools {
  api: Api;
  /** Says something to the operator for a while, and to screen readers at once. */
  notify(text: string, tone?: 'good' | 'bad'): void;
  /** Fetches again now, instead of at the next turn. */
  refresh(): void;
}

/** A view is made when its place is gone to and dropped when another one is. */
export interface View {
  title: string;
  element: HTMLElement;
  /** Fetches and shows; called every two seconds as long as the page is seen. Throws what the Api throws. */
  refresh(): Promise<void>;
}

/** #/calls/ID?user=bob */
export function placeIn(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [name = '', id] = path.split('/');
  return { name: name || 'overview', ...(id ? { id: decodeURIComponent(id) } : {}), query: new URLSearchParams(query) };
}

/** Runs what a button asks for, and says what came of it. */
export async function attempt(tools: Tools, work: () => Promise<string>): Promise<void> {
  try {
    tools.notify(await work(), 'good');
  } catch (problem) {
    tools.notify(problem instanceof Error ? problem.message : String(problem), 'bad');
  }
  tools.refresh();
}
