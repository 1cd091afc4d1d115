// Which buttons a call has in each of its states.
import type { Call } from '@offhook/client';

export interface CallButton {
  id: string;
  icon: string;
  label: string;
  look?: 'answer' | 'stop';
  pressed?: boolean;
  press: () => void;
}

/** What the screen can do with a call besides what the call can do itself. */
export interface ScreenActions {
  close(): void;
  again(call: Call): void;
  ignore(call: Call): void;
  /** Opens the list of people who could be called into it. */
  add(call: Call): void;
  /** Takes back what has gone to another device; nothing if that is over. */
  takeBack(call: Call): (() => void) | undefined;
}

function mediaButtons(call: Call): CallButton[] {
  const stream = call.localStream;
  const buttons: CallButton[] = [];
  if (stream?.getAudioTracks().length) {
    const { muted } = call;
    buttons.push({
      id: 'mute', icon: muted ? 'mic-off' : 'mic', label: muted ? 'Unmute' : 'Mute', pressed: muted, press: () => call.setMuted(!muted),
    });
  }
  if (stream?.getVideoTracks().length) {
    const off = call.cameraOff;
    buttons.push({
      id: 'camera', icon: off ? 'video-off' : 'video', label: off ? 'Camera on' : 'Camera off', pressed: off, press: () => call.setCameraOff(!off),
    });
  }
  return buttons;
}

export function majorButtons(call: Call, screen: ScreenActions): CallButton[] {
  if (call.leaving) return [];
  if (call.answering) return [{ id: 'hangup', icon: 'hangup', label: 'Hang up', look: 'stop', press: () => call.hangup() }];
  switch (call.state) {
    case 'incoming':
      return [
        { id: 'decline', icon: 'hangup', label: 'Decline', look: 'stop', press: () => call.decline() },
        { id: 'answer', icon: call.media === 'video' ? 'video' : 'phone', label: 'Answer', look: 'answer', press: () => call.answer() },
      ];
    case 'calling':
    case 'ringing':
      return [...mediaButtons(call), { id: 'cancel', icon: 'hangup', label: 'Cancel', look: 'stop', press: () => call.cancel() }];
    case 'connecting':
    case 'active': return talkButtons(call, screen);
    case 'ended': return endButtons(call, screen);
  }
}

function talkButtons(call: Call, screen: ScreenActions): CallButton[] {
  const add: CallButton[] = call.state === 'active' ? [{ id: 'add', icon: 'add', label: 'Add people', press: () => screen.add(call) }] : [];
  return [...mediaButtons(call), ...add, { id: 'hangup', icon: 'hangup', label: 'Hang up', look: 'stop', press: () => call.hangup() }];
}

function endButtons(call: Call, screen: ScreenActions): CallButton[] {
  const close: CallButton = { id: 'close', icon: 'close', label: 'Close', press: () => screen.close() };
  const icon = call.media === 'video' ? 'video' : 'phone';
  const takeBack = screen.takeBack(call);
  if (takeBack) return [close, { id: 'take', icon, label: 'Take it here', look: 'answer', press: takeBack }];
  return [close, { id: 'again', icon, label: 'Call again', look: 'answer', press: () => screen.again(call) }];
}

export function minorButtons(call: Call, screen: ScreenActions): CallButton[] {
  if (call.state !== 'incoming' || call.answering || call.leaving) return [];
  return [
    { id: 'busy', icon: '', label: 'Say I am busy', press: () => call.busy() },
    { id: 'ignore', icon: '', label: 'Ignore', press: () => screen.ignore(call) },
  ];
}
