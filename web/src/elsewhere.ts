// "Your call is on another device: take it here."
import type { ElsewhereCall } from '@offhook/client';
import { MEDIA_NAME } from './call_text';
import { byId, icon, make } from './dom';

export function showElsewhere(calls: ElsewhereCall[], take: (call: ElsewhereCall) => void): void {
  byId('elsewhere').replaceChildren(...calls.map((call) => row(call, take)));
}

function row(call: ElsewhereCall, take: (call: ElsewhereCall) => void): HTMLElement {
  const button = make('button', 'button primary', 'Take it here');
  button.type = 'button';
  button.setAttribute('aria-label', `Take the call with ${call.peer} to this device`);
  button.addEventListener('click', () => take(call));
  const where = call.device ? `on your other device “${call.device}”` : 'on another device of yours';
  const whom = call.isGroup ? `${call.peer} and others` : call.peer;
  const text = make('div', 'row-text', make('p', 'row-name', `You are in a call with ${whom}`), make('p', 'row-more', `${MEDIA_NAME[call.media]} ${where}`));
  const item = make('li', 'elsewhere', icon(call.media === 'video' ? 'video' : 'phone', 'direction good'), text, button);
  item.dataset['call'] = call.callId;
  return item;
}
