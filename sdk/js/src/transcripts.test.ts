// Every transcript of tests/transcripts is run against the engine, once for each of its clients.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { runParty } from './testing/client_run';
import { parseTranscript } from './testing/transcript';

const folder = new URL('../../../tests/transcripts/', import.meta.url);  // from dist-test
const files = readdirSync(folder).filter((name) => name.endsWith('.txt') && name !== 'CMakeLists.txt').sort();

test('there are transcripts', () => assert.ok(files.length > 0));

for (const file of files) {
  const transcript = parseTranscript(file, (path) => readFileSync(new URL(path, folder), 'utf8'));
  if (transcript.skipsClient) continue;
  for (const party of transcript.parties) {
    test(`${file.replace('.txt', '')}: ${party.name}`, () => runParty(transcript, party));
  }
}
