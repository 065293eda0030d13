import { randomBytes } from 'node:crypto';
import { isLianyunError, LianyunError, type DeviceRef, type ResourceVersion } from '@lianyun/protocol';
import type { Resource } from './resource-records.ts';
import { checkName, checkVersion, type ResourceRoom } from './resource-room.ts';

/** Result codes of the platform; only 0 is documented. */
const OK = 0;
const REFUSED = 1;

/** Resources as IoT Explorer has them: with versions, which a device tells, and which the platform updates and removes (reference 7.9). */
export class VersionedResources {
  readonly #room: ResourceRoom;

  constructor(room: ResourceRoom) {
    this.#room = room;
    this.#takeVersions(room);
    this.#takeProgress(room);
    this.#takeUploads(room);
  }

  /** Tells a device of the version that it is to have. Who does not listen hears of it when it tells its versions. */
  update({ device, name, version, type, bytes, md5 }: Resource, via: DeviceRef): void {
    const { peer, objects, placeOf, urlFor } = this.#room;
    const place = placeOf(device, 'download', name);
    if (version === undefined || objects.find(place) === undefined) return;
    const body = { name, version, bytes, md5, url: urlFor(via, { place, method: 'GET' }), ...(type === undefined ? {} : { type }) };
    peer.send('resource.update', { device, via, body }).delivered.catch(() => undefined);
  }

  /** Tells a device to remove what it has. */
  askToRemove(resource: Resource, via: DeviceRef): void {
    const { device } = resource;
    this.#room.peer.send('resource.remove', { device, via, body: versionOf(resource, resource.has ?? resource.version) }).delivered.catch(() => undefined);
  }

  #takeVersions({ peer, records, storage }: ResourceRoom): void {
    // With none of them a device asks what is recorded; what it tells otherwise is recorded, and answered as it came.
    peer.handle('resource.versions', async ({ device, via, body }) => {
      const recorded = (): readonly Resource[] => records.page({ device, direction: 'download' }, { limit: records.kept }).items.toReversed().filter(({ version, has }) => version !== undefined || has !== undefined);
      if (body.resources.length === 0) {
        const resources = recorded().filter(({ has }) => has !== undefined).map((each) => versionOf(each, each.has));
        peer.send('resource.versions.ack', { device, via, body: { code: OK, text: 'success', resources } });
      } else {
        const wrong = body.resources.map(wrongIn).find((each) => each !== undefined);
        if (wrong !== undefined) {
          peer.send('resource.versions.ack', { device, via, body: { code: REFUSED, text: wrong.message, resources: body.resources } });
          throw wrong;
        }
        for (const told of body.resources) this.#record(device, told);
        await storage.stored();
        peer.send('resource.versions.ack', { device, via, body: { code: OK, text: 'success', resources: body.resources } });
      }
      for (const resource of recorded().filter(({ isOpen }) => isOpen)) {
        if (resource.isLeaving === true) this.askToRemove(resource, via);
        else this.update(resource, via);
      }
    });
  }

  /** What a device has; what it was to have is over when it has it. */
  #record(device: DeviceRef, { name, version, type }: ResourceVersion): void {
    const { records, onResource } = this.#room;
    const known = records.get({ device, direction: 'download', name });
    if (known === undefined) {
      records.begin({ device, direction: 'download', name, bytes: 0, md5: '', isOpen: false, has: version ?? '', ...(type === undefined ? {} : { type }) });
      return;
    }
    const isThere = known.isOpen && known.isLeaving !== true && known.version === version;
    const now: Resource = { ...known, has: version ?? '', ...(isThere ? { isOpen: false } : {}) };
    records.change(now);
    if (isThere) onResource(now);
  }

  #takeProgress({ peer, records, storage, objects, clock, placeOf, onResource }: ResourceRoom): void {
    peer.handle('resource.update.progress', async ({ device, body }) => {
      const { name, version, ...told } = body;
      const known = records.get({ device, direction: 'download', name });
      // Of another version: it was offered one since.
      if (known?.version === undefined || (version !== undefined && version !== known.version)) throw new LianyunError('unexpected-reply', `${device} told of the resource ${JSON.stringify(name.slice(0, 100))} in version ${JSON.stringify(version ?? '')}, which it was not offered.`, { device });
      const isOver = told.state === 'done' || told.state === 'fail';
      const isThere = told.state === 'done' && told.code === OK;
      const now: Resource = { ...known, told: { ...told, at: clock.now() }, ...(isOver && known.isLeaving !== true ? { isOpen: false } : {}), ...(isThere ? { has: known.version } : {}) };
      records.change(now);
      await storage.stored();
      onResource(now);
    });

    peer.handle('resource.remove.result', async ({ device, body }) => {
      const known = records.get({ device, direction: 'download', name: body.name });
      if (known?.isLeaving !== true) throw new LianyunError('unexpected-reply', `${device} told that the resource ${JSON.stringify(body.name.slice(0, 100))} was removed, and nobody asked for it.`, { device });
      const { isLeaving: _left, ...rest } = known;
      const state = body.code === OK ? 'done' : 'fail';
      const now: Resource = { ...rest, isOpen: false, told: { state, code: body.code, at: clock.now(), ...(body.text === undefined ? {} : { text: body.text }) } };
      if (body.code === OK) records.remove(known);
      else records.change(now);
      await storage.stored();
      onResource(now);
      if (body.code === OK) await objects.delete(placeOf(device, 'download', body.name));
    });
  }

  #takeUploads({ peer, records, storage, objects, clock, placeOf, urlFor, onResource }: ResourceRoom): void {
    peer.handle('resource.request', async ({ device, via, body }) => {
      const wrong = wrongIn(body);
      if (wrong !== undefined) return { code: REFUSED, text: wrong.message };
      const { name } = body;
      const token = randomBytes(12).toString('hex');
      records.begin({ ...body, device, direction: 'upload', bytes: 0, md5: '', isOpen: true, token });
      await storage.stored();
      return { code: OK, text: 'success', url: urlFor(via, { place: placeOf(device, 'upload', name), method: 'PUT' }), token };
    });

    peer.handle('resource.posted', async ({ device, body }) => {
      const known = records.page({ device, direction: 'upload' }, { limit: records.kept }).items.find(({ token }) => token === body.token);
      if (known === undefined) throw new LianyunError('unexpected-reply', `${device} told of a resource with a token that it was not given.`, { device });
      const put = objects.find(placeOf(device, 'upload', known.name));
      // What a device says that it has put must be there.
      const isThere = body.code === OK && put !== undefined;
      const told = { state: isThere ? 'done' : 'fail', code: body.code, at: clock.now(), ...(body.text === undefined ? {} : { text: body.text }) } as const;
      const now: Resource = { ...known, isOpen: false, told, ...(isThere ? { bytes: put.bytes, md5: put.md5 } : {}) };
      records.change(now);
      await storage.stored();
      onResource(now);
    });
  }
}

const versionOf = ({ name, type }: Pick<Resource, 'name' | 'type'>, version: string | undefined): ResourceVersion => ({ name, ...(version === undefined ? {} : { version }), ...(type === undefined ? {} : { type }) });

function wrongIn({ name, version }: ResourceVersion): LianyunError | undefined {
  try {
    checkName(name);
    if (version !== undefined) checkVersion(version);
    return undefined;
  } catch (error) {
    if (isLianyunError(error)) return error;
    throw error;
  }
}
