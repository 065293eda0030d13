import type { LianyunError, PendingReceipt } from '@lianyun/protocol';

interface Marked {
  /** The writer's running total of bytes behind the packet. */
  readonly end: number;
  readonly receipt: PendingReceipt;
}

/** Receipts of downlinks at QoS 0, which are delivered when their bytes have been written. */
export class WrittenReceipts {
  readonly #marked: Marked[] = [];

  add(end: number, receipt: PendingReceipt): void {
    this.#marked.push({ end, receipt });
  }

  onWritten(total: number): void {
    let count = 0;
    for (const { end, receipt } of this.#marked) {
      if (end > total) break;
      receipt.markDelivered();
      count++;
    }
    if (count > 0) this.#marked.splice(0, count);
  }

  fail(error: LianyunError): void {
    for (const { receipt } of this.#marked.splice(0)) receipt.fail(error);
  }
}
