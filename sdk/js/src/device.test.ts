import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { afterEach, test } from 'node:test';
import { deviceIdOf, randomText } from './device';
import { VERSION } from './version';

type Storage = { getItem(key: string): string | null; setItem(key: string, value: string): void };
const give = (storage: Storage | undefined): void => {
  Object.defineProperty(globalThis, 'localStorage', { value: storage, configurable: true });
};
afterEach(() => give(undefined));

test('the id is kept in the browser', () => {
  const kept = new Map<string, string>();
  give({ getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => { kept.set(key, value); } });
  const id = deviceIdOf();
  assert.match(id, /^[A-Za-z0-9._-]{1,64}$/);
  assert.equal(deviceIdOf(), id);
});

test('without a storage, or a forbidden one, it is a new one each time', () => {
  assert.notEqual(deviceIdOf(), deviceIdOf());
  give({ getItem: () => { throw new Error('forbidden'); }, setItem: () => {} });
  assert.match(deviceIdOf(), /^web-/);
});

test('chance gives texts of the length asked for', () => {
  assert.match(randomText(20), /^[a-z2-7]{20}$/);
  assert.notEqual(randomText(20), randomText(20));
});

test('the version is that of the package', () => {
  const file = new URL('../package.json', import.meta.url);  // from dist-test
  assert.equal((JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version, VERSION);
});
