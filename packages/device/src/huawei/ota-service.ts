import { huawei, isLianyunError, LianyunError, type Message, type OtaOffer, type UpgradeFailure } from '@lianyun/protocol';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { failureOf } from '../ota/failures.ts';
import { downloadImage } from '../ota/image.ts';
import { OTAPackage, OTAPackageInfo, OTAQueryVersion } from './data.ts';
import { checked } from './values.ts';
import type { ActionListener, OTAListener } from './listeners.ts';
import { given, type Speaker } from './speaker.ts';

/** The options of {@link OTAService.reportOtaStatus}. */
export interface OtaStatus {
  readonly resultCode: number;
  /** The version that runs now. */
  readonly version: string;
  /** 0 to 100. */
  readonly progress?: number;
  readonly description?: string;
}

/** The largest package that {@link OTAListener.onReceivePackage} is handed; larger ones are for a download to disk. */
const MAX_PACKAGE_BYTES = 64 * 1024 * 1024;

/** Upgrades (seed 1.3, Huawei 5.2, 7). */
export class OTAService {
  // The platform's result codes (Huawei 5.2).
  static readonly OTA_CODE_SUCCESS = 0;
  static readonly OTA_CODE_BUSY = 1;
  static readonly OTA_CODE_SIGNAL_BAD = 2;
  static readonly OTA_CODE_NO_NEED = 3;
  static readonly OTA_CODE_LOW_POWER = 4;
  static readonly OTA_CODE_LOW_SPACE = 5;
  static readonly OTA_CODE_DOWNLOAD_TIMEOUT = 6;
  static readonly OTA_CODE_CHECK_FAIL = 7;
  static readonly OTA_CODE_UNKNOWN_TYPE = 8;
  static readonly OTA_CODE_LOW_MEMORY = 9;
  static readonly OTA_CODE_INSTALL_FAIL = 10;
  static readonly OTA_CODE_INNER_ERROR = 255;

  readonly #speaker: Speaker;
  #listener: OTAListener | undefined;
  /** The versions that were told last: what fails names the one that runs. */
  #running: { readonly firmware?: string; readonly software?: string } = {};

  /** @internal */
  constructor(speaker: Speaker) {
    this.#speaker = speaker;
    speaker.core.peer.handle('ota.query', ({ body: { taskId, taskInfo, children } }) =>
      speaker.call('OTAListener.onQueryVersion', () => this.#listener?.onQueryVersion(new OTAQueryVersion({ taskId, taskExtInfo: taskInfo, subDeviceCount: children }))),
    );
    speaker.core.peer.handle('ota.offer', (message) => this.#onOffer(message));
  }

  /** Registers what takes upgrades (seed 7.1); null takes it back. */
  setOtaListener(listener: OTAListener | null): void {
    this.#listener = checked(listener, 'setOtaListener', ['onQueryVersion', 'onReceivePackageInfo']);
  }

  /** Tells which versions run (seed 7.1). */
  reportVersion(fwVersion?: string | null, swVersion?: string | null, listener?: ActionListener | null): void {
    const versions = { ...(typeof fwVersion === 'string' ? { firmware: fwVersion } : {}), ...(typeof swVersion === 'string' ? { software: swVersion } : {}) };
    this.#running = { ...this.#running, ...versions };
    this.#speaker.send('ota.version', versions, listener, { at: this.#speaker.now() });
  }

  /** Tells how far an upgrade is (seed 7.1): positional in the order of the vendor's code, or by an object. */
  reportOtaStatus(status: OtaStatus, listener?: ActionListener | null): void;
  reportOtaStatus(resultCode: number, version: string, progress?: number | null, description?: string | null, listener?: ActionListener | null): void;
  // eslint-disable-next-line @typescript-eslint/max-params
  reportOtaStatus(resultCode: number | OtaStatus, version?: string | ActionListener | null, progress?: number | null, description?: string | null, listener?: ActionListener | null): void {
    const isOptions = typeof resultCode === 'object';
    const status = isOptions ? resultCode : { resultCode, version: version as string, progress, description };
    const action = isOptions ? (version as ActionListener | null | undefined) : listener;
    const [percent, text] = [status.progress ?? undefined, given(status.description)];
    this.#speaker.send('ota.progress', { code: status.resultCode, version: status.version, ...(percent === undefined ? {} : { percent }), ...(text === undefined ? {} : { text }) }, action, { at: this.#speaker.now() });
  }

  #onOffer({ body }: Message<'ota.offer'>): void {
    const listener = this.#listener;
    if (listener === undefined) return this.#speaker.core.onProblem(new LianyunError('unknown-message', `An upgrade to ${body.version} was offered, and nobody listens: call setOtaListener().`, { device: this.#speaker.device }));
    const info = infoOf(body);
    const once = { isFailed: false };
    const failing = (failure: (why: unknown) => UpgradeFailure) => (why: string, cause: unknown) => this.#fail(body, { failure: failure(cause), text: why, once });
    this.#speaker.call('OTAListener.onReceivePackageInfo', () => listener.onReceivePackageInfo(info), failing(() => 'internal'));
    if (listener.onReceivePackage !== undefined) this.#speaker.call('OTAListener.onReceivePackage', () => this.#handOver(body, listener), failing((cause) => (isLianyunError(cause) ? failureOf(cause) : 'install')));
  }

  /** Ends an upgrade that the listener cannot take: the platform would wait for it. */
  #fail({ kind, version }: OtaOffer, { failure, text, once }: { readonly failure: UpgradeFailure; readonly text: string; readonly once: { isFailed: boolean } }): void {
    if (once.isFailed) return;
    once.isFailed = true;
    const running = this.#running[kind];
    this.#speaker.send('ota.progress', huawei.ota.progressOf({ at: 'failed', failure, text }, { target: version, running }), undefined, { at: this.#speaker.now() });
  }

  /** Downloads and checks a package and hands over its bytes. */
  async #handOver(offer: OtaOffer, listener: OTAListener): Promise<void> {
    const { bytes, version } = offer;
    const { core, clock } = this.#speaker;
    const ending = new AbortController();
    const end = (): void => ending.abort(new LianyunError('closed', 'The device was closed while the package was being downloaded.'));
    core.once('closed', end);
    const directory = await mkdtemp(path.join(tmpdir(), 'lianyun-ota-'));
    try {
      if ((bytes ?? 0) > MAX_PACKAGE_BYTES) throw new LianyunError('too-large', `The package ${version} has ${bytes ?? 0} bytes; onReceivePackage() takes up to ${MAX_PACKAGE_BYTES}: download it to disk from onReceivePackageInfo().`);
      const download = downloadImage(() => offer, clock, { network: core.network, file: path.join(directory, 'package'), maxBytes: MAX_PACKAGE_BYTES, signal: ending.signal });
      const content = await readFile(await download.done);
      await listener.onReceivePackage?.(new OTAPackage(content));
    } finally {
      core.off('closed', end);
      await rm(directory, { recursive: true, force: true });
    }
  }
}

function infoOf({ kind, version, url, bytes, fileName, token, expiresSeconds, digest, info, taskId, children, taskInfo }: OtaOffer): OTAPackageInfo {
  return new OTAPackageInfo({
    kind,
    formatVersion: token === undefined ? 2 : 1,
    url,
    version,
    fileSize: bytes,
    fileName,
    accessToken: given(token),
    expires: expiresSeconds,
    sign: digest?.hex,
    customInfo: info,
    taskId,
    subDeviceCount: children,
    taskExtInfo: taskInfo,
  });
}
