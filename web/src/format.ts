// Times as people read them.

/** 83 000 ms → "1:23"; with hours "1:02:03". */
export function lengthText(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** The time of day; before today the day as well. */
export function momentText(atMs: number): string {
  const moment = new Date(atMs);
  const time = moment.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  if (moment.toDateString() === new Date().toDateString()) return time;
  return `${moment.toLocaleDateString([], { day: 'numeric', month: 'short' })}, ${time}`;
}

/** "bob", "bob and carol", "bob, carol and 2 more". */
export function listText(names: string[]): string {
  if (names.length <= 1) return names[0] ?? '';
  if (names.length <= 3) return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
  return `${names.slice(0, 2).join(', ')} and ${names.length - 2} more`;
}
