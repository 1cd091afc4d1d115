// Where the journal of a device is kept (PROTOCOL.md section 8.1), and under which name.

/** As much of `Storage` as is used; an own one must have written when `setItem` returns. Either may throw. */
export interface JournalStorage {
  getItem(key: string): string | null;
  setItem(key: string, text: string): void;
}

/** That of the browser, where it allows it; otherwise what is kept lasts as long as the process. */
export function defaultStorage(): JournalStorage {
  try {
    const kept = (globalThis as { window?: Window }).window?.localStorage;
    if (kept) return kept;
  } catch {
    // forbidden here
  }
  const texts = new Map<string, string>();
  return { getItem: (key) => texts.get(key) ?? null, setItem: (key, text) => { texts.set(key, text); } };
}

/** One journal for each project, user and device. Nothing if the token names no user: then there are no calls either. */
export function journalKeyOf(token: string, deviceId: string): string | undefined {
  try {
    const claims = JSON.parse(textOf(token.split('.')[1]!)) as { iss?: unknown; sub?: unknown };
    return typeof claims.sub === 'string' ? keyOf(String(claims.iss), claims.sub, deviceId) : undefined;
  } catch {
    return undefined;  // the server will say what it thinks of this token
  }
}

export function keyOf(project: string, user: string, deviceId: string): string {
  return `offhook.journal.${project}.${deviceId}.${user}`;
}

function textOf(base64url: string): string {
  const letters = atob(base64url.replace(/-/g, '+').replace(/_/g, '/'));
  return new TextDecoder().decode(Uint8Array.from(letters, (letter) => letter.charCodeAt(0)));
}
