// The list of past calls: all, or those that were missed.
import type { HistoryRecord, Outcome } from '@offhook/client';
import { legText, MEDIA_NAME, recordText } from './call_text';
import { byId, icon, iconButton, make } from './dom';
import { lengthText, momentText } from './format';
import type { Placing } from './people';

/** Talked; one's own will; or it did not come about. */
function toneOf(outcome: Outcome, outgoing: boolean): 'good' | '' | 'bad' {
  if (['ended', 'answered_elsewhere', 'moved_elsewhere'].includes(outcome)) return 'good';
  const chosen = outgoing ? outcome === 'cancelled' : ['declined', 'declined_elsewhere', 'busy', 'busy_elsewhere'].includes(outcome);
  return chosen ? '' : 'bad';
}

/** Somebody wanted something of this user, who was not there. */
const isMissed = ({ direction, outcome, yourOutcome, reason }: HistoryRecord): boolean =>
  direction === 'incoming' && (yourOutcome === 'missed' || reason === 'by_dnd_rule' || outcome === 'busy');

export class PastCalls {
  readonly #me: string;
  readonly #placing: Placing;
  #records: HistoryRecord[] = [];
  #onlyMissed = false;

  constructor(me: string, placing: Placing) {
    this.#me = me;
    this.#placing = placing;
    for (const [id, onlyMissed] of [['history-all', false], ['history-missed', true]] as const) {
      byId(id).addEventListener('click', () => { this.#onlyMissed = onlyMissed; this.#show(); });
    }
    this.#show();
  }

  set(records: HistoryRecord[]): void {
    this.#records = records;
    this.#show();
  }

  #show(): void {
    const missed = this.#records.filter(isMissed);
    const shown = this.#onlyMissed ? missed : this.#records;
    byId('history').replaceChildren(...shown.map((record) => this.#row(record)));
    byId('history-missed').textContent = missed.length > 0 ? `Missed (${missed.length})` : 'Missed';
    byId('history-all').setAttribute('aria-pressed', String(!this.#onlyMissed));
    byId('history-missed').setAttribute('aria-pressed', String(this.#onlyMissed));
    const empty = byId('history-empty');
    empty.hidden = shown.length > 0;
    empty.textContent = this.#onlyMissed ? 'You have not missed any call.' : 'Calls appear here once they are over.';
  }

  #row(record: HistoryRecord): HTMLElement {
    const outgoing = record.direction === 'outgoing';
    const arrow = icon(outgoing ? 'out' : 'in', `direction ${toneOf(record.yourOutcome, outgoing)}`);
    const whom = outgoing && record.legs ? record.legs.map(({ user }) => user).join(', ') : record.peer;
    const name = make('p', 'row-name', whom);
    name.title = whom;
    const direction = make('span', 'for-readers', outgoing ? 'Outgoing: ' : 'Incoming: ');
    const text = make('div', 'row-text', name, make('p', 'row-more', direction, recordText(record, this.#me)));
    const others = (record.legs ?? []).filter(({ user }) => user !== this.#me);
    if (others.length > 0) text.append(make('p', 'row-more', others.map((leg) => `${leg.user}: ${legText(leg).toLowerCase() || 'was in the call'}`).join(' · ')));
    const moment = make('time', '', momentText(record.createdAtMs));
    moment.dateTime = new Date(record.createdAtMs).toISOString();
    const side = make('div', 'row-side', moment);
    if (record.durationMs > 0) side.append(make('p', '', lengthText(record.durationMs)));
    const item = make('li', '', arrow, text, side, this.#again(record, outgoing));
    item.dataset['outcome'] = record.yourOutcome;
    item.dataset['direction'] = record.direction;
    return item;
  }

  #again({ peer, media, legs }: HistoryRecord, outgoing: boolean): HTMLButtonElement {
    const way = media === 'video' ? 'video' : media === 'audio' ? 'phone' : 'bell';
    const users = outgoing && legs ? legs.map(({ user }) => user) : [peer];
    return iconButton(way, `Call ${users.join(', ')} again: ${MEDIA_NAME[media].toLowerCase()}`, () => {
      if (users.length > 1) this.#placing.group(users, 'all_join', media);
      else this.#placing.call(peer, media);
    });
  }
}
