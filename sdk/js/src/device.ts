// What names this installation, and chance for ids.

const KEY = 'offhook.device_id';
const LETTERS = 'abcdefghijklmnopqrstuvwxyz234567';

/** Unguessable where there is `crypto`; ids of devices and commands need to be different only. */
export function randomText(length: number): string {
  const bytes = new Uint8Array(length);
  if (globalThis.crypto) globalThis.crypto.getRandomValues(bytes);
  else bytes.forEach((_, index) => { bytes[index] = Math.random() * 256; });
  return [...bytes].map((byte) => LETTERS[byte % LETTERS.length]).join('');
}

/** The same each time in the same browser, if it keeps anything; otherwise the device is a new one. */
export function deviceIdOf(): string {
  try {
    const kept = globalThis.localStorage?.getItem(KEY);
    if (kept) return kept;
    const made = `web-${randomText(20)}`;
    globalThis.localStorage?.setItem(KEY, made);
    return made;
  } catch {
    return `web-${randomText(20)}`;  // storage is forbidden here
  }
}
