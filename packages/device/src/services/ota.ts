import { isJsonObject, isLianyunError, LianyunError, type Message, type OtaOffer, type Receipt, type UpgradeStep } from '@lianyun/protocol';
import { isPause } from '../ota/failures.ts';
import { Upgrade, type UpgradeHost } from '../ota/upgrade.ts';
import type { DeviceContext } from './context.ts';

type Kind = OtaOffer['kind'];

/** Versions that run on a device. */
export type Versions<K extends Kind = Kind> = { readonly [Each in K]?: string };

/** Takes a version that the cloud offers. What it throws fails the upgrade, and becomes a problem of the device. */
export type OfferHandler<K extends Kind = Kind> = (upgrade: Upgrade<K>) => void | Promise<void>;

/** Time that a step of a download may wait for its turn: an old one says nothing. */
const STEP_EXPIRES_MS = 60_000;
/** How long a fresh URL is waited for. */
const RENEW_MS = 30_000;

/** Versions of this device, and new ones from the cloud (Huawei 5.2, 7; Tencent 5). `K` is what the cloud upgrades: Tencent firmware only. */
export class OtaService<K extends Kind = Kind> {
  readonly #context: DeviceContext;
  readonly #host: UpgradeHost;
  #versions: Versions | undefined;
  /** Version messages that are on their way. */
  #pending = 0;
  #onOffer: ((upgrade: Upgrade<K>) => void | Promise<void>) | undefined;
  readonly #active = new Map<Kind, Upgrade<K>>();
  readonly #renewals = new Set<(upgrade: Upgrade<K>) => void>();

  constructor(context: DeviceContext) {
    this.#context = context;
    this.#host = { context, downloads: new Map(), tell: (target, step) => this.#tell(target, step), renew: (upgrade, signal) => this.#renew(upgrade, signal) };
    if (!context.peer.supports('ota.query')) return;
    context.peer.handle('ota.query', () => {
      if (this.#versions !== undefined) return void this.#announce();
      context.problem(new LianyunError('bad-input', `The cloud asks which versions run, and nobody has said so: call ota.report() when the program starts.`, { device: context.device }));
    });
  }

  /**
   * Tells which versions run: when the program starts, and after an upgrade. It is told again at every reconnect, and whenever the cloud asks. An upgrade
   * whose version is among them has succeeded, which is told as well.
   * @param versions `{ firmware, software }`, one or both, up to 256 characters (Huawei 5.2); `{ firmware }`, up to 32 (Tencent 5.1). What was told before and is left out stays.
   * @returns a receipt: delivered with the PUBACK (Huawei), with `report_version_rsp` (Tencent). Fails with `bad-input`, `outbox-full`, `refused`, `expired`, `dropped`, `closed`.
   */
  report(versions: Versions<K>): Receipt {
    const fault = this.#fault(versions);
    if (fault !== undefined) return this.#context.refuse(fault);
    this.#versions = { ...this.#versions, ...versions };
    const known: Versions = this.#versions;
    for (const [kind, upgrade] of this.#active) {
      if (known[kind] !== upgrade.version) continue;
      if (!upgrade.isOver) this.#tell(upgrade, { at: 'done' });
      upgrade.end(new LianyunError('aborted', `The upgrade to ${kind} ${upgrade.version} has succeeded.`));
      this.#active.delete(kind);
    }
    return this.#announce();
  }

  /**
   * Registers what takes the versions that the cloud offers. An offer that is repeated while its upgrade goes on brings a fresh URL and is not handed over
   * again; one of another version ends it.
   * @returns a function that takes the registration back. Throws `duplicate-handler`, `bad-input`.
   */
  onOffer(handler: OfferHandler<K>): () => void {
    if (typeof handler !== 'function') throw new LianyunError('bad-input', 'ota.onOffer() takes a function.');
    const undo = this.#context.peer.handle('ota.offer', (message) => this.#offered(message));
    this.#context.subscribe('ota.offer');
    this.#onOffer = handler;
    return () => {
      this.#onOffer = undefined;
      undo();
    };
  }

  /** The device is online again: the cloud may have forgotten, or have an upgrade that waited for this. @internal */
  onOnline(): void {
    if (this.#versions !== undefined && this.#pending === 0) this.#announce();
  }

  #announce(): Receipt {
    const { peer, device, cloudTime } = this.#context;
    this.#context.subscribe('ota.version');
    this.#pending++;
    const receipt = peer.send('ota.version', { device, body: this.#versions ?? {}, at: cloudTime.now() });
    const settled = (): void => void this.#pending--;
    receipt.delivered.then(settled, settled);
    return receipt;
  }

  async #offered({ body }: Message<'ota.offer'>): Promise<void> {
    const { kind } = body;
    const { ota, name } = this.#context.dialect;
    if (!isAmong(kind, ota.kinds)) return this.#context.problem(new LianyunError('unsupported', `The ${name} cloud offers a version of something else than ${ota.kinds.join(' or ')}.`));
    const known = this.#active.get(kind);
    if (known?.isOver === false && known.isSame(body)) {
      known.refresh(body);
      for (const take of this.#renewals) take(known);
      return;
    }
    known?.end(new LianyunError('aborted', `The upgrade to ${kind} ${known.version} ends: the cloud offers ${body.version} instead.`));
    // The kinds of the dialect are what K stands for.
    const upgrade = new Upgrade<K>(this.#host, body as OtaOffer & { kind: K });
    this.#active.set(kind, upgrade);
    try {
      await this.#onOffer?.(upgrade);
    } catch (cause) {
      if (upgrade.isOver) return;
      // The work ended, not the upgrade: when it is offered again it goes on.
      if (isPause(cause)) return void this.#active.delete(kind);
      const error = isLianyunError(cause) ? cause : new LianyunError('handler-failed', `The upgrade to ${kind} ${upgrade.version} failed: ${cause instanceof Error ? cause.message : String(cause)}`, { device: upgrade.device, cause });
      this.#context.problem(error);
      upgrade.fail(error);
    }
  }

  #tell({ kind, version }: Pick<OtaOffer, 'kind' | 'version'>, step: UpgradeStep): Receipt {
    const { peer, device, dialect, cloudTime } = this.#context;
    const body = dialect.ota.progressOf(step, { running: this.#versions?.[kind], target: version });
    return peer.send('ota.progress', { device, body, at: cloudTime.now() }, step.at === 'downloading' && step.percent < 100 ? { expiresMs: STEP_EXPIRES_MS } : undefined);
  }

  /** Telling the old version makes the cloud offer an unfinished upgrade again, with a URL of its own (Tencent 5.2). */
  async #renew(upgrade: Upgrade, signal: AbortSignal): Promise<boolean> {
    if (this.#versions === undefined) return false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const take = (renewed: Upgrade): void => {
      if (renewed === upgrade) resolve(true);
    };
    const stop = (): void => resolve(false);
    const timer = this.#context.clock.after(RENEW_MS, stop, true);
    this.#renewals.add(take);
    signal.addEventListener('abort', stop, { once: true });
    try {
      this.#announce();
      return await promise;
    } finally {
      timer.cancel();
      this.#renewals.delete(take);
      signal.removeEventListener('abort', stop);
    }
  }

  /** Types say most of it; a program in JavaScript can pass anything. */
  #fault(versions: unknown): LianyunError | undefined {
    const { device, dialect } = this.#context;
    const { kinds, versionChars } = dialect.ota;
    const bad = (text: string): LianyunError => new LianyunError('bad-input', text, { device });
    if (!isJsonObject(versions) || Object.keys(versions).length === 0) return bad(`ota.report() takes the versions that run: { ${kinds.join(', ')} }.`);
    for (const [kind, version] of Object.entries(versions)) {
      if (!isAmong(kind, kinds)) return bad(`${kind} has no version on the ${dialect.name} cloud: { ${kinds.join(', ')} } is expected.`);
      if (typeof version !== 'string' || version === '' || [...version].length > versionChars) return bad(`The version of the ${kind} is ${JSON.stringify(version)}: a text of 1 to ${versionChars} characters is expected.`);
    }
    return undefined;
  }
}

function isAmong(kind: string, kinds: readonly Kind[]): kind is Kind {
  return (kinds as readonly string[]).includes(kind);
}
