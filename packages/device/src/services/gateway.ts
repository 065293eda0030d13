import { isLianyunError, LianyunError, type ChildDraft, type ChildInfo, type ChildResult, type DeviceRef, type RequestOp, type Vocabulary } from '@lianyun/protocol';
import { readModel, type DeviceModel } from '../model.ts';
import type { Subscription } from '../session-owner.ts';
import type { DeviceContext } from './context.ts';
import { isThenable } from './deadline.ts';
import { GatewayChild } from './gateway-child.ts';
import { ChildList } from './gateway-list.ts';
import { childRef, childRefs, newChildren, type GatewayChangeHandler, type GatewayWait, type NewChild } from './gateway-requests.ts';
import type { Scopes } from './gateway-scopes.ts';
import { handleSearches, type GatewaySearchHandler } from './gateway-search.ts';
import { ChildSubscriptions } from './gateway-subscriptions.ts';
import { MemoryTopology, type TopologyStore } from './gateway-topology.ts';
import type { TopicsService, TopicSession } from './topics.ts';

export interface GatewayOptions {
  readonly context: DeviceContext;
  readonly scopes: Scopes;
  /** Left out: in memory. */
  readonly topology: TopologyStore | undefined;
  readonly session: TopicSession;
  /** The topics of the gateway itself. */
  topics(): TopicsService;
}

interface Batches<K extends ChildOp, T> {
  readonly size: number;
  bodyOf(part: T[]): Vocabulary[K];
  /** What a result says of an item that was not asked about. */
  nameOf(item: T): Partial<ChildInfo>;
  readonly wait: GatewayWait;
}

/** Result code of what could not be asked. */
const FAILED = -1;

type ChildOp = Extract<RequestOp, 'child.add' | 'child.remove' | 'child.status'>;

/** This device as a gateway: its sub-devices, on its own connection (Huawei 5.5, 9; Tencent 3). */
export class GatewayService {
  readonly #options: GatewayOptions;
  // Most devices are no gateways: what only those need is made when it is needed.
  #known: ChildList | undefined;
  #children: Map<DeviceRef, GatewayChild> | undefined;
  #subscriptions: ChildSubscriptions | undefined;
  #onChange: GatewayChangeHandler | undefined;
  #isUsed = false;

  constructor(options: GatewayOptions) {
    this.#options = options;
    if (options.topology === undefined || this.#list.isEmpty) return;
    this.#use();
    // As after every reconnect, so that the answer to what a sub-device sends at once is heard.
    this.#subscribed.cameOnline(this.#list.wanted());
  }

  get #list(): ChildList {
    return (this.#known ??= new ChildList(this.#options.topology ?? new MemoryTopology()));
  }

  get #subscribed(): ChildSubscriptions {
    const { context: { dialect }, session } = this.#options;
    return (this.#subscriptions ??= new ChildSubscriptions({ dialect, session }));
  }

  /**
   * Has sub-devices created under this gateway (Huawei 5.5), or binds existing ones by their secrets (Tencent 3.2), in as many messages as it takes.
   * @returns what became of each: code 0 is success, else `error` and `text` are the cloud's. Rejects with `timeout`, `offline`, `bad-input`.
   */
  async add(children: readonly NewChild[], wait: GatewayWait = {}): Promise<readonly ChildResult[]> {
    const { clock } = this.#options.context;
    const { batch, signing } = this.#options.context.dialect.children;
    const drafts = newChildren(children).map((child): ChildDraft => {
      if (!('secret' in child)) return child;
      if (signing === undefined) throw new LianyunError('bad-input', `${child.device}: a sub-device is added by { product, node } on this cloud.`, { device: child.device });
      return signing.sign(child, { now: clock.now(), random: () => clock.random() });
    });
    const results = await this.#inBatches('child.add', drafts, { size: batch.add, bodyOf: (part) => ({ children: part }), nameOf: ({ device, ...rest }) => ({ ...(device === undefined ? {} : { device }), ...('product' in rest ? { product: rest.product, node: rest.node } : {}) }), wait });
    for (const { code, error: _, text: __, ...info } of results) if (code === 0 && info.device !== undefined) this.#list.keep({ ...info, device: info.device });
    await this.#stored();
    return results;
  }

  /** Has sub-devices deleted (Huawei 5.5), or unbinds them (Tencent 3.3). Answers and rejects as {@link add} does. */
  async remove(children: readonly DeviceRef[], wait: GatewayWait = {}): Promise<readonly ChildResult[]> {
    const results = await this.#inBatches('child.remove', childRefs(children, 'remove'), { size: this.#options.context.dialect.children.batch.remove, bodyOf: (part) => ({ children: part }), nameOf: (device) => ({ device }), wait });
    for (const { code, device } of results) if (code === 0 && device !== undefined) this.#drop(device);
    await this.#stored();
    return results;
  }

  /** Brings sub-devices online, now and after every reconnect (Huawei 5.5, Tencent 3.1). Answers and rejects as {@link add} does. */
  online(children: readonly DeviceRef[], wait: GatewayWait = {}): Promise<readonly ChildResult[]> {
    return this.#setOnline(children, true, wait);
  }

  /** Takes sub-devices offline (Huawei 5.5, Tencent 3.1). Answers and rejects as {@link add} does. */
  offline(children: readonly DeviceRef[], wait: GatewayWait = {}): Promise<readonly ChildResult[]> {
    return this.#setOnline(children, false, wait);
  }

  /** The sub-devices: asked of the cloud on Tencent (3.4), as last told by the cloud on Huawei (9.2). Rejects with `timeout`, `offline`. */
  async list(wait: GatewayWait = {}): Promise<readonly ChildInfo[]> {
    const { peer, device } = this.#options.context;
    const list = this.#list;
    if (peer.supports('child.list')) {
      this.#use();
      const { body } = await peer.request('child.list', { device, body: {} }, this.#waiting(wait));
      const there = new Set(body.children);
      for (const known of list.all()) if (!there.has(known.device)) this.#drop(known.device);
      for (const child of there) list.keep({ device: child });
      await this.#stored();
    }
    return list.all();
  }

  /**
   * Brings the list up to date; done by itself at every connect once this service is used. Huawei (9.2): asks what changed since the version
   * that is known, and resolves when the cloud has the question: what changed comes to {@link onChange}. Tencent (3.4): {@link list}.
   */
  async sync(wait: GatewayWait = {}): Promise<void> {
    const { peer, device, clock } = this.#options.context;
    this.#use();
    if (peer.supports('child.sync')) await peer.send('child.sync', { device, body: { version: this.#list.version }, at: clock.now() }).delivered;
    else await this.list(wait);
  }

  /** Registers what happens when sub-devices are added or removed. @returns a function that takes it back. Throws `duplicate-handler`. */
  onChange(handler: GatewayChangeHandler): () => void {
    if (this.#onChange !== undefined) throw new LianyunError('duplicate-handler', 'gateway.onChange() has a handler already.');
    this.#use();
    this.#onChange = handler;
    return () => {
      if (this.#onChange === handler) this.#onChange = undefined;
    };
  }

  /**
   * Registers what looks for devices that could be added, and ends that, when the cloud says so: a user is about to add one (Tencent 3.6). What was found is added with {@link add}. What it throws is
   * told as a problem, and answered as one. @returns a function that takes it back. Throws `duplicate-handler`, `bad-input`, `unsupported`.
   */
  onSearch(handler: GatewaySearchHandler): () => void {
    const undo = handleSearches(this.#options.context, handler);
    this.#use();
    return undo;
  }

  /**
   * A sub-device with handlers of its own: what the cloud asks of it never reaches this gateway's. The same object for the same device.
   * @param options.model checks what it reports and is asked, as the option `model` does for this device; taken when the object is made.
   */
  child(device: DeviceRef, options: { readonly model?: DeviceModel | undefined } = {}): GatewayChild {
    const known = this.#children?.get(device);
    if (known !== undefined) return known;
    const { context, scopes } = this.#options;
    const { dialect } = context;
    const list = this.#list;
    if (device === context.device) throw new LianyunError('bad-input', `${device} is the gateway itself.`, { device });
    // A name that no topic can hold is told here.
    dialect.deviceSlots(childRef(device));
    this.#use();
    const isOnline = (): boolean => list.isWanted(device);
    const owner = {
      id: device,
      get isOnline() {
        return isOnline();
      },
      onProblem: (problem: LianyunError) => context.problem(problem),
      resync: () => this.#resync(device),
    };
    const keep = (subscriptions: readonly Subscription[]): void => this.#subscribed.keep(device, subscriptions, isOnline());
    // The gateway's model says nothing of another product.
    const own = context.forChild(owner, { peer: scopes.of(device), session: { keep }, model: readModel(options.model, dialect) });
    const child = new GatewayChild(own, () => {
      if (!dialect.children.haveTopics) throw new LianyunError('unsupported', `A sub-device on the ${dialect.name} cloud has no topics of its own: use messages.`, { device });
      const { session, topics } = this.#options;
      return topics().of(own, { send: session.send.bind(session), subscribe: (asked) => this.#subscribed.ask(device, asked, isOnline()), unsubscribe: (filter) => this.#subscribed.drop(device, filter) });
    });
    (this.#children ??= new Map<DeviceRef, GatewayChild>()).set(device, child);
    return child;
  }

  /** The device is closed: resolves when nothing is written any more. @internal */
  async onClosed(): Promise<void> {
    if (this.#known !== undefined) await this.#stored();
  }

  /** The device is online: tells the cloud what it may have forgotten. @internal */
  onOnline(): void {
    if (!this.#isUsed) return;
    this.#announce().catch((error: unknown) => this.#report(error, 'The sub-devices could not be announced'));
  }

  async #announce(): Promise<void> {
    const { context } = this.#options;
    if (context.peer.supports('child.sync')) await this.sync();
    for (const { device, code, text } of await this.online(this.#list.wanted())) {
      if (code === 0 || device === undefined) continue;
      if (this.#list.isWanted(device)) {
        this.#subscribed.wentOffline(device); // its topics are refused to it from now on (Tencent 3.8)
        this.#list.want(device, false);
      }
      context.problem(new LianyunError('refused', `The cloud refused to have ${device} online again with code ${code}: ${text ?? 'no text'}.`, { device, number: code }));
    }
  }

  async #setOnline(children: readonly DeviceRef[], online: boolean, wait: GatewayWait): Promise<readonly ChildResult[]> {
    const results = await this.#inBatches('child.status', childRefs(children, online ? 'online' : 'offline'), {
      size: this.#options.context.dialect.children.batch.status,
      bodyOf: (part) => ({ children: part.map((device) => ({ device, online })) }),
      nameOf: (device) => ({ device }),
      wait,
    });
    const done = results.flatMap(({ code, device }) => (code === 0 && device !== undefined ? [device] : []));
    for (const device of done) this.#list.want(device, online);
    if (online) this.#subscribed.cameOnline(done);
    for (const device of done) {
      if (online) this.#cameOnline(device);
      else this.#subscribed.wentOffline(device);
    }
    await this.#stored();
    return results;
  }

  async #changed({ change, children, version }: Vocabulary['child.notify']): Promise<void> {
    const { peer, device } = this.#options.context;
    const list = this.#list;
    if (version !== undefined) {
      // A notice that came twice, or too late (Huawei 9.2).
      if (version > 0 && version <= list.version) return;
      if (version > 0) list.version = version;
    }
    for (const child of children) {
      if (change === 'added') list.keep(child);
      else this.#drop(child.device);
    }
    await this.#stored();
    if (peer.supports('child.notify.ack')) peer.send('child.notify.ack', { device, body: { code: 0 } });
    const handled = this.#onChange?.({ change, children, ...(version === undefined ? {} : { version }) });
    if (isThenable(handled)) await handled;
  }

  /** Waits until what is known outlives this process. What the cloud has done is done, though the disk be full: that is a problem of its own. */
  async #stored(): Promise<void> {
    await this.#list.stored().catch((error: unknown) => this.#report(error, 'The list of sub-devices could not be stored'));
  }

  #drop(device: DeviceRef): void {
    if (this.#list.isWanted(device)) this.#subscribed.wentOffline(device);
    this.#list.drop(device);
  }

  #cameOnline(device: DeviceRef): void {
    this.#resync(device);
    this.#children?.get(device)?.onOnline();
  }

  #resync(device: DeviceRef): void {
    this.#children?.get(device)?.shadow.resync().catch((error: unknown) => this.#report(error, `The shadow of ${device} could not be applied`));
  }

  /** Asks in as many messages as the cloud's limits need, one after the other. What is left when one fails is told as failed, unless it is the first. */
  async #inBatches<K extends ChildOp, T>(op: K, items: readonly T[], { size, bodyOf, nameOf, wait }: Batches<K, T>): Promise<ChildResult[]> {
    const { peer, device, clock, dialect } = this.#options.context;
    this.#use();
    const results: ChildResult[] = [];
    for (let at = 0; at < items.length; at += size) {
      try {
        const { body } = await peer.request<ChildOp>(op, { device, body: bodyOf(items.slice(at, at + size)), at: clock.now() }, this.#waiting(wait));
        for (const result of body.children) {
          const text = result.text ?? (result.code === 0 ? undefined : dialect.children.textOf?.(result.code));
          results.push(text === undefined ? result : { ...result, text });
        }
      } catch (error) {
        if (at === 0 || !isLianyunError(error)) throw error;
        for (const item of items.slice(at)) results.push({ ...nameOf(item), code: FAILED, error: error.code, text: error.message });
        break;
      }
    }
    return results;
  }

  #waiting({ deadlineMs = this.#options.context.dialect.children.answerMs, signal }: GatewayWait): { readonly deadlineMs: number; readonly signal?: AbortSignal } {
    return { deadlineMs, ...(signal === undefined ? {} : { signal }) };
  }

  /** From now on this device is a gateway: it listens to what the cloud says to gateways. */
  #use(): void {
    if (this.#isUsed) return;
    this.#isUsed = true;
    const { context } = this.#options;
    context.peer.handle('child.notify', ({ body }) => this.#changed(body));
    context.subscribe('child.notify');
  }

  #report(error: unknown, what: string): void {
    // That the connection ended is told by events of its own.
    if (isLianyunError(error, 'offline') || isLianyunError(error, 'closed')) return;
    this.#options.context.problem(isLianyunError(error) ? error : new LianyunError('handler-failed', `${what}: ${String(error)}`, { cause: error }));
  }
}
