import { isLianyunError, LianyunError, type Clock, type DeviceRef, type OtaOffer, type OtaTask, type Peer } from '@lianyun/protocol';
import type { Cloud } from '../access/port.ts';
import type { Objects } from '../objects/objects.ts';
import type { Origin } from '../objects/origin.ts';
import type { GrantSigner } from '../objects/signer.ts';
import type { UpgradePackage, UpgradeTask } from './upgrade-records.ts';

export interface SenderOptions {
  readonly peers: Readonly<Record<Cloud, Pick<Peer, 'send'>>>;
  readonly objects: Objects;
  readonly signer: GrantSigner;
  readonly origin: Origin;
  readonly clock: Clock;
}

/** How long a device may download what it was offered: a day (Huawei 5.2, 7.1). */
const EXPIRES_SECONDS = 86_400;

/** Whom a message goes to, and over whose connection. */
export interface Target {
  readonly device: DeviceRef;
  readonly via: DeviceRef;
}

/** The path under which a Huawei device finds a package that the platform keeps (5.2, v1). */
export const packagePath = (device: DeviceRef, packageId: string): string => `/iodm/dev/v2.0/upgradefile/applications/default/devices/${encodeURIComponent(device)}/packages/${encodeURIComponent(packageId)}`;

/** Writes what upgrades say to devices. */
export class UpgradeSender {
  readonly #options: SenderOptions;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Asks a Huawei device which versions run. Rejects with `offline` and whatever else keeps it from leaving. */
  ask({ device, via }: Target, task: UpgradeTask): Promise<void> {
    const { peers, clock } = this.#options;
    return peers.huawei.send('ota.query', { device, via, at: clock.now(), body: taskOf(task) }).delivered;
  }

  /** Offers a package. Rejects with `not-found` when there are no bytes to offer, with `offline`, `unsupported` and whatever else keeps it from leaving. */
  async offer(target: Target, pack: UpgradePackage, task: UpgradeTask): Promise<void> {
    const { peers, clock } = this.#options;
    const body = pack.cloud === 'huawei' ? this.#huaweiOffer(target, pack, task) : this.#tencentOffer(target, pack);
    await peers[pack.cloud].send('ota.offer', { device: target.device, via: target.via, at: clock.now(), body }).delivered;
  }

  #huaweiOffer({ device, via }: Target, pack: UpgradePackage, task: UpgradeTask): OtaOffer {
    const { objects, signer, origin, clock } = this.#options;
    const { kind, version, place, info, delivery } = pack;
    const object = objects.find(place);
    const [bytes, sha256] = [pack.bytes ?? object?.bytes, pack.sha256 ?? object?.sha256];
    const expiresAt = clock.now() + EXPIRES_SECONDS * 1000;
    const common = { kind, version, expiresSeconds: EXPIRES_SECONDS, fileName: fileNameOf(pack), ...(info === undefined ? {} : { info }), ...taskOf(task) };
    if (delivery === 'token') {
      if (bytes === undefined || sha256 === undefined) throw noBytes(pack);
      const path = packagePath(device, pack.id);
      return { ...common, url: origin.forDevice('huawei', via) + path, token: signer.token(path, expiresAt), bytes, digest: { algorithm: 'sha256', hex: sha256 } };
    }
    return {
      ...common,
      url: origin.forDevice('huawei', via) + signer.pathOf({ place, method: 'GET', expiresAt }),
      ...(bytes === undefined ? {} : { bytes }),
      ...(sha256 === undefined ? {} : { digest: { algorithm: 'sha256', hex: sha256 } }),
    };
  }

  #tencentOffer({ via }: Target, pack: UpgradePackage): OtaOffer {
    const { objects, signer, origin, clock } = this.#options;
    const { kind, version, place } = pack;
    const object = objects.find(place);
    const [bytes, md5] = [pack.bytes ?? object?.bytes, pack.md5 ?? object?.md5];
    if (bytes === undefined || md5 === undefined) throw noBytes(pack);
    const url = origin.forDevice('tencent', via) + signer.pathOf({ place, method: 'GET', expiresAt: clock.now() + EXPIRES_SECONDS * 1000 });
    return { kind, version, url, bytes, digest: { algorithm: 'md5', hex: md5 } };
  }
}

const taskOf = ({ id, info }: UpgradeTask): OtaTask => ({ taskId: id, ...(info === undefined ? {} : { taskInfo: info }) });

/** What a package is called where it is downloaded to. */
export const fileNameOf = ({ place }: UpgradePackage): string => place.key.slice(place.key.lastIndexOf('/') + 1);

const noBytes = ({ id, place }: UpgradePackage): LianyunError => new LianyunError('not-found', `The package ${id} has no bytes: there is no object ${JSON.stringify(place.key)} in ${JSON.stringify(place.bucket)}.`);

/** Whether something did not leave because nobody takes it now: it is worth another try. */
export const isUnreachable = (error: unknown): boolean => isLianyunError(error) && ['offline', 'unsupported', 'timeout', 'dropped'].includes(error.code);
