import { isJsonObject, isLianyunError, LianyunError, PendingReceipt, type Message, type OtaOffer, type Receipt, type UpgradeStep } from '@lianyun/protocol';
import { isPause } from '../ota/failures.ts';
import type { InstallOptions } from '../ota/install-options.ts';
import { Installation } from '../ota/installation.ts';
import { Upgrade, type UpgradeHost, type Versions } from '../ota/upgrade.ts';
import type { DeviceContext } from './context.ts';

type Kind = OtaOffer['kind'];

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
  /** What the cloud is told, and what the program says: they differ while a version is on trial. */
  #versions: Versions | undefined;
  #running: Versions | undefined;
  #installation: Installation | undefined;
  /** Of reports of a version on trial: settled when that is over. */
  #held: PendingReceipt | undefined;
  readonly #drop = (why: LianyunError): void => this.#release((held) => held.fail(why));
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
    const given: Versions = versions;
    if (this.#installation === undefined) for (const [kind, { version, isOver }] of this.#active) if (!isOver && given[kind] === version) this.#close(kind, version);
    this.#running = { ...this.#running, ...given };
    // A version on trial: the one before it is told instead.
    const held = this.#installation?.heldBack(given) ?? {};
    this.#versions = { ...this.#versions, ...given, ...held };
    const isHeld = Object.keys(held).length > 0;
    const told = Object.keys(held).length < Object.keys(given).length ? this.#announce() : undefined;
    // Before the installation goes on: that may settle it at once.
    const receipt = told === undefined || isHeld ? (this.#held ??= this.#hold()) : told;
    this.#installation?.reported();
    return receipt;
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

  /**
   * Installs what the cloud offers: downloads it, has the program's functions prepare, apply and confirm it, and rolls it back if that fails, whatever
   * happens to the process meanwhile. Takes the place of {@link onOffer}. Called when the program starts, before {@link report}: an installation
   * of an earlier run goes on as soon as that says which version runs. Until a new version is confirmed the cloud is not told of it.
   * Throws `bad-config`, `bad-input` after {@link report}, `duplicate-handler`, `disk-failed`.
   */
  install(options: InstallOptions): Installation {
    if (this.#running !== undefined) throw new LianyunError('bad-input', 'ota.install() comes before ota.report(): which version may be told depends on what an earlier run has begun.');
    const installation = new Installation(
      {
        context: this.#context,
        running: (kind) => this.#running?.[kind],
        tell: (target, step) => this.#tell(target, step),
        succeeded: (kind, version) => this.#succeeded(kind, version),
        failed: (why) => this.#release((held) => held.fail(why)),
        restored: (kind, version) => void (this.#running = { ...this.#running, [kind]: version }),
      },
      options,
    );
    this.onOffer((upgrade) => installation.offered(upgrade));
    this.#installation = installation;
    return installation;
  }

  /** The device is online again: the cloud may have forgotten, or have an upgrade that waited for this. @internal */
  onOnline(): void {
    if (this.#versions !== undefined && this.#pending === 0 && this.#held === undefined) this.#announce();
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

  #succeeded(kind: Kind, version: string): readonly Receipt[] {
    this.#versions = { ...this.#versions, [kind]: version };
    const done = this.#close(kind, version);
    const told = this.#announce();
    const { stored, delivered } = told;
    this.#release((held) => {
      const fail = (error: LianyunError): void => held.fail(error);
      stored.then(() => held.markStored(), fail);
      delivered.then(() => held.markDelivered(), fail);
    });
    return [done, told];
  }

  /** The new version runs: that ends its upgrade. */
  #close(kind: Kind, version: string): Receipt {
    this.#active.get(kind)?.end(new LianyunError('aborted', `The upgrade to ${kind} ${version} has succeeded.`));
    this.#active.delete(kind);
    return this.#tell({ kind, version }, { at: 'done' });
  }

  /** The end of the device ends the trial without a word about it. */
  #hold(): PendingReceipt {
    this.#context.running.add(this.#drop);
    return new PendingReceipt();
  }

  #release(settle: (held: PendingReceipt) => void): void {
    if (this.#held !== undefined) settle(this.#held);
    this.#held = undefined;
    this.#context.running.delete(this.#drop);
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
