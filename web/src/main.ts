// Begins here: whose page is this? `?user=alice` signs in at once, `?device=laptop` names the device.
import { deviceName, deviceOfThisTab, fetchToken, givesTokens, NoTokensHere, rememberedName, rememberName } from './account';
import { byId, tell } from './dom';
import { openHome } from './home';
import { Sounds } from './sounds';

const NO_TOKENS = 'This server is running, and it is not in development mode: it gives no tokens to web pages, so this demo can sign nobody in. '
  + 'In your app the backend makes the tokens. To try the demo, start a server with --dev.';

const sounds = new Sounds();

function showSignIn(problem = ''): void {
  const field = byId<HTMLInputElement>('sign-in-name');
  tell(byId('sign-in-problem'), problem);
  for (const part of ['sign-in-form', 'sign-in-hint']) byId(part).hidden = problem === NO_TOKENS;
  byId('sign-in').hidden = false;
  field.value ||= new URLSearchParams(location.search).get('user') ?? rememberedName();
  field.select();
}

// The first token is fetched before anything else, so that what is wrong is said where the name was chosen.
async function signIn(user: string): Promise<void> {
  try {
    await fetchToken(user, deviceName());
  } catch (error) {
    if (error instanceof NoTokensHere) return showSignIn(NO_TOKENS);
    return showSignIn(error instanceof TypeError ? 'The server cannot be reached. Is it running?' : (error as Error).message);
  }
  rememberName(user);
  const address = new URL(location.href);
  address.searchParams.set('user', user);
  history.replaceState(null, '', address);
  byId('sign-in').hidden = true;
  await openHome(user, await deviceOfThisTab(address.searchParams.get('device')), sounds);
}

byId<HTMLFormElement>('sign-in-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const user = byId<HTMLInputElement>('sign-in-name').value.trim();
  if (user) void signIn(user);
});

const asked = new URLSearchParams(location.search).get('user')?.trim();
if (asked) void signIn(asked);
else void givesTokens().then((gives) => showSignIn(gives ? '' : NO_TOKENS));
