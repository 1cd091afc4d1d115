// Microphone and camera.

export async function openDevices(kind: 'audio' | 'video'): Promise<MediaStream> {
  const devices = globalThis.navigator?.mediaDevices as MediaDevices | undefined;
  if (devices === undefined) throw new Error('Microphone and camera need a page over https, or on localhost.');
  return devices.getUserMedia({ audio: true, video: kind === 'video' });
}

export function setEnabled(stream: MediaStream, enabled: { audio: boolean; video: boolean }): void {
  for (const track of stream.getAudioTracks()) track.enabled = enabled.audio;
  for (const track of stream.getVideoTracks()) track.enabled = enabled.video;
}

export function stopAll(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}
