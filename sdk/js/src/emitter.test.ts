import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Emitter } from './emitter';

class Bell extends Emitter<{ ring: [times: number] }> {
  ring(times: number): void { this.emit('ring', times); }
}

test('every listener hears until it is taken off', () => {
  const bell = new Bell();
  const heard: number[] = [];
  const listen = (times: number): void => { heard.push(times); };
  bell.on('ring', listen);
  const off = bell.on('ring', (times) => heard.push(times * 10));
  bell.ring(1);
  off();
  bell.ring(2);
  bell.off('ring', listen);
  bell.ring(3);
  assert.deepEqual(heard, [1, 10, 2]);
});

test('a listener may take itself off while it hears', () => {
  const bell = new Bell();
  const heard: string[] = [];
  const off = bell.on('ring', () => { heard.push('once'); off(); });
  bell.on('ring', () => heard.push('always'));
  bell.ring(1);
  bell.ring(2);
  assert.deepEqual(heard, ['once', 'always', 'always']);
});

test('a listener that throws does not keep the others from hearing, and its error is not swallowed', async () => {
  const bell = new Bell();
  const heard: number[] = [];
  const uncaught = new Promise((resolve) => {
    const before = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.once('uncaughtException', (error) => {
      for (const listener of before) process.on('uncaughtException', listener);
      resolve(error);
    });
  });
  bell.on('ring', () => { throw new Error('deaf'); });
  bell.on('ring', (times) => heard.push(times));
  bell.ring(1);
  assert.match(String(await uncaught), /deaf/);
  assert.deepEqual(heard, [1]);
});
