// The title of the page, which blinks while it rings: it is all one sees of a tab in the background.

const PLAIN_TITLE = document.title;
const BLINK_MS = 1000;

let calls: string | undefined;
let blinking: ReturnType<typeof setInterval> | undefined;

/** `text` in turn with the plain title; undefined: the plain title alone. */
export function blinkTitle(text: string | undefined): void {
  if (text === calls) return;
  calls = text;
  clearInterval(blinking);
  document.title = text ?? PLAIN_TITLE;
  if (text === undefined) return;
  blinking = setInterval(() => { document.title = document.title === text ? PLAIN_TITLE : text; }, BLINK_MS);
}
