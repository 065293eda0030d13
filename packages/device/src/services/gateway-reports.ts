import { isLianyunError, LianyunError, parseExact, PendingReceipt, stringifyExact, type DeviceRef, type Dialect, type Peer, type PeerSendOptions, type PropertyGroup, type Receipt } from '@lianyun/protocol';

interface Waiting {
  readonly device: DeviceRef;
  readonly groups: PropertyGroup[];
  readonly receipts: PendingReceipt[];
  /** About, and rather too many: what it adds to the message. */
  readonly bytes: number;
}

interface ReportsOptions {
  readonly peer: Peer;
  readonly gateway: DeviceRef;
  readonly dialect: Pick<Dialect, 'limits' | 'children'>;
}

/** Room for what stands around the values of one device. */
const ENTRY_BYTES = 256;

/** Values of sub-devices on their way into messages that hold many of them (Huawei 3.5): what is reported in one turn travels together. */
export class ChildReports {
  readonly #options: ReportsOptions;
  #waiting: Waiting[] = [];
  #sendOptions: PeerSendOptions | undefined;

  constructor(options: ReportsOptions) {
    this.#options = options;
  }

  /** Takes values in. The receipt settles with the message that they travel in. */
  add(device: DeviceRef, groups: readonly PropertyGroup[], options: PeerSendOptions | undefined): Receipt {
    const receipt = new PendingReceipt();
    let bytes: number;
    let copy: readonly PropertyGroup[];
    try {
      // What no message can hold fails here, for itself alone: the others of the turn travel without it.
      this.#options.peer.codec.encode('child.report', { device: this.#options.gateway, via: this.#options.gateway, body: { reports: [{ device, groups }] } });
      const text = stringifyExact(groups);
      bytes = Buffer.byteLength(text) + ENTRY_BYTES * groups.length;
      // A program may use its objects again before the message is written, which is at the end of the turn. The copy is as the groups are.
      copy = parseExact(text) as readonly PropertyGroup[];
    } catch (cause) {
      receipt.fail(isLianyunError(cause) ? cause : new LianyunError('bad-input', `The values of ${device} cannot be written as JSON: ${String(cause)}`, { device, cause }));
      return receipt;
    }
    if (this.#waiting.length === 0) queueMicrotask(() => this.flush());
    this.#sendOptions = options;
    this.#waiting.push({ device, groups: [...copy], receipts: [receipt], bytes });
    return receipt;
  }

  /** Sends what was taken in during this turn. */
  flush(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    const { limits, children } = this.#options.dialect;
    let batch = new Map<DeviceRef, Waiting>();
    let bytes = 0;
    for (const each of waiting) {
      const known = batch.get(each.device);
      if (batch.size > 0 && (bytes + each.bytes > limits.payloadBytes || (known === undefined && batch.size >= children.batch.report))) {
        this.#send([...batch.values()]);
        batch = new Map();
        bytes = 0;
      }
      bytes += each.bytes;
      const same = batch.get(each.device);
      if (same === undefined) batch.set(each.device, each);
      else {
        same.groups.push(...each.groups);
        same.receipts.push(...each.receipts);
      }
    }
    this.#send([...batch.values()]);
  }

  #send(batch: readonly Waiting[]): void {
    const { peer, gateway } = this.#options;
    const receipts = batch.flatMap((each) => each.receipts);
    const sent = peer.send('child.report', { device: gateway, body: { reports: batch.map(({ device, groups }) => ({ device, groups })) } }, this.#sendOptions);
    const fail = (error: unknown): void => {
      for (const receipt of receipts) receipt.fail(isLianyunError(error) ? error : new LianyunError('bad-input', String(error), { cause: error }));
    };
    sent.stored.then(() => {
      for (const receipt of receipts) receipt.markStored();
    }, fail);
    sent.delivered.then(() => {
      for (const receipt of receipts) receipt.markDelivered();
    }, fail);
  }
}
