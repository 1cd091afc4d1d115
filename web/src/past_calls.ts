// The list of past calls.
import type { HistoryRecord, Outcome } from '@offhook/client';
import { MEDIA_NAME, recordText } from './call_text';
import { byId, icon, iconButton, make } from './dom';
import { lengthText, momentText } from './format';
import type { PlaceCall } from './people';

/** Talked; one's own will; or it did not come about. */
function toneOf(outcome: Outcome, outgoing: boolean): 'good' | '' | 'bad' {
  if (outcome === 'ended' || outcome === 'answered_elsewhere') return 'good';
  const chosen = outgoing ? outcome === 'cancelled' : ['declined', 'declined_elsewhere', 'busy', 'busy_elsewhere'].includes(outcome);
  return chosen ? '' : 'bad';
}

export function showPastCalls(records: HistoryRecord[], place: PlaceCall): void {
  byId('history').replaceChildren(...records.map((record) => row(record, place)));
  byId('history-empty').hidden = records.length > 0;
}

function row(record: HistoryRecord, place: PlaceCall): HTMLElement {
  const outgoing = record.direction === 'outgoing';
  const arrow = icon(outgoing ? 'out' : 'in', `direction ${toneOf(record.yourOutcome, outgoing)}`);
  const name = make('p', 'row-name', record.peer);
  name.title = record.peer;
  const direction = make('span', 'for-readers', outgoing ? 'Outgoing: ' : 'Incoming: ');
  const moment = make('time', '', momentText(record.createdAtMs));
  moment.dateTime = new Date(record.createdAtMs).toISOString();
  const side = make('div', 'row-side', moment);
  if (record.durationMs > 0) side.append(make('p', '', lengthText(record.durationMs)));
  const way = record.media === 'video' ? 'video' : record.media === 'audio' ? 'phone' : 'bell';
  const again = iconButton(way, `Call ${record.peer} again: ${MEDIA_NAME[record.media].toLowerCase()}`, () => place(record.peer, record.media));
  const item = make('li', '', arrow, make('div', 'row-text', name, make('p', 'row-more', direction, recordText(record))), side, again);
  item.dataset['outcome'] = record.yourOutcome;
  item.dataset['direction'] = record.direction;
  return item;
}
