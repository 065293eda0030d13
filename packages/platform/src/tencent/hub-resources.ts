import { LianyunError, type DeviceRef, type ResourceOffer } from '@lianyun/protocol';
import type { Resource } from './resource-records.ts';
import { checkName, type ResourceRoom } from './resource-room.ts';

/** Resources as IoT Hub has them: announced with size and MD5, without versions, offered one at a time (reference 7.8). */
export class HubResources {
  readonly #room: ResourceRoom;

  constructor(room: ResourceRoom) {
    this.#room = room;
    this.#take(room);
  }

  /** Tells a device of the oldest resource that it is to get. Who does not listen asks for it. */
  offer(device: DeviceRef, via: DeviceRef): void {
    const offered = this.#oldestOf(device, via);
    if (offered !== undefined) this.#room.peer.send('resource.offer', { device, via, body: offered }).delivered.catch(() => undefined);
  }

  #take({ peer, records, objects, storage, clock, placeOf, urlFor, onResource }: ResourceRoom): void {
    peer.handle('resource.upload', async ({ device, via, body }) => {
      const { name, bytes, md5 } = body;
      checkName(name);
      if (!/^[0-9a-f]{32}$/i.test(md5) || bytes < 0) throw new LianyunError('bad-input', `${device} wants to put a resource without an MD5 of 32 hex digits, or of ${bytes} bytes.`, { device });
      records.begin({ device, direction: 'upload', name, bytes, md5: md5.toLowerCase(), isOpen: true });
      await storage.stored();
      const url = urlFor(via, { place: placeOf(device, 'upload', name), method: 'PUT', bytes, digest: { algorithm: 'md5', hex: md5 } });
      return { name, bytes, md5, url };
    });

    peer.handle('resource.poll', ({ device, via }) => {
      const offer = this.#oldestOf(device, via);
      return offer === undefined ? {} : { offer };
    });

    peer.handle('resource.progress', async ({ device, via, body }) => {
      const { direction, name, ...told } = body;
      const known = records.get({ device, direction, name });
      const isDone = told.state === 'done';
      // What a device says that it has put must be there.
      const isThere = direction === 'download' || !isDone || objects.find(placeOf(device, direction, name)) !== undefined;
      if (known !== undefined && isThere) {
        const now: Resource = { ...known, isOpen: !isDone && told.state !== 'fail', told: { ...told, at: clock.now() } };
        records.change(now);
        await storage.stored();
        onResource(now);
      }
      peer.send('resource.progress.ack', { device, via, body: known === undefined || !isThere ? { direction, code: -1, text: 'there is no such resource' } : { direction, code: 0, text: 'ok' } });
    });
  }

  #oldestOf(device: DeviceRef, via: DeviceRef): ResourceOffer | undefined {
    const { records, objects, placeOf, urlFor } = this.#room;
    const { items } = records.page({ device, direction: 'download', isOpen: true }, { limit: records.kept });
    for (const { name, bytes, md5, version } of items.toReversed()) {
      const place = placeOf(device, 'download', name);
      if (version === undefined && objects.find(place) !== undefined) return { name, bytes, md5, url: urlFor(via, { place, method: 'GET' }) };
    }
    return undefined;
  }
}
