// Who is at this page, with which device, and the tokens that prove it. Tokens come from the server's development mode.

const NAME_KEY = 'offhook.name';
const DEVICE_KEY = 'offhook.device';
const DEVICE_NAME_KEY = 'offhook.device_name';

/** The server gives no tokens to pages: it does not run in development mode. */
export class NoTokensHere extends Error {}

/** The name of the last time, to be offered again. */
export function rememberedName(): string { return localStorage.getItem(NAME_KEY) ?? ''; }
export function rememberName(name: string): void { localStorage.setItem(NAME_KEY, name); }

/** Whether the server has tokens for pages at all. If it cannot be reached, signing in will say so. */
export async function givesTokens(): Promise<boolean> {
  const answer = await fetch('/dev/token').catch(() => undefined);
  return answer?.status !== 404;
}

/** `device`: how the device is called towards people. */
export async function fetchToken(user: string, device: string): Promise<string> {
  const answer = await fetch(`/dev/token?user=${encodeURIComponent(user)}&device=${encodeURIComponent(device)}`);
  if (answer.status === 404) throw new NoTokensHere();
  const body = await answer.json() as { token?: string; message?: string };
  if (!body.token) throw new Error(body.message ?? 'The server gave no token.');
  return body.token;
}

function newDeviceId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return `web-${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** Holds the name of a device for as long as the page lives. False: another tab has it, as after "duplicate this tab". */
function claim(deviceId: string): Promise<boolean> {
  if (!('locks' in navigator)) return Promise.resolve(true);
  return new Promise((resolve) => {
    void navigator.locks.request(`offhook-device-${deviceId}`, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock ? new Promise<void>(() => {}) : undefined;
    });
  });
}

/** A device of its own for every tab, the same after a reload; `?device=` in the address decides if it is there. */
export async function deviceOfThisTab(wanted: string | null): Promise<string> {
  if (wanted && /^[A-Za-z0-9._-]{1,64}$/.test(wanted)) return wanted;
  let device = sessionStorage.getItem(DEVICE_KEY) ?? newDeviceId();
  if (!await claim(device)) {
    device = newDeviceId();
    await claim(device);
  }
  sessionStorage.setItem(DEVICE_KEY, device);
  return device;
}

/** What this tab is called towards people: as its user says, else as its address does, else what it is. */
export function deviceName(): string {
  return sessionStorage.getItem(DEVICE_NAME_KEY) ?? new URLSearchParams(location.search).get('device')?.slice(0, 32) ?? kindOfDevice();
}

export function renameDevice(name: string): void {
  if (name === '') sessionStorage.removeItem(DEVICE_NAME_KEY);
  else sessionStorage.setItem(DEVICE_NAME_KEY, name);
}

/** "Firefox on Android". */
function kindOfDevice(): string {
  const agent = navigator.userAgent;
  const first = (...names: [RegExp, string][]) => names.find(([pattern]) => pattern.test(agent))?.[1];
  const browser = first([/Edg\//, 'Edge'], [/Firefox\//, 'Firefox'], [/Chrome\//, 'Chrome'], [/Safari\//, 'Safari']) ?? 'Browser';
  const system = first([/Android/, 'Android'], [/iPhone|iPad/, 'iOS'], [/Windows/, 'Windows'], [/Mac OS/, 'macOS'], [/Linux/, 'Linux']);
  return system ? `${browser} on ${system}` : browser;
}
