import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LianyunError } from './errors.ts';
import { failedReceipt, PendingReceipt } from './receipt.ts';

const gone = new LianyunError('expired', 'The message was too old.');

describe('a receipt', () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  beforeEach(() => process.on('unhandledRejection', note));
  afterEach(() => process.off('unhandledRejection', note));

  it('resolves stored first and delivered when the cloud has the message', async () => {
    const receipt = new PendingReceipt();
    const { stored, delivered } = receipt;
    receipt.markStored();
    await stored;
    receipt.markDelivered();
    await delivered;
  });

  it('resolves both when it is delivered without having been stored', async () => {
    const receipt = new PendingReceipt();
    receipt.markDelivered();
    await Promise.all([receipt.stored, receipt.delivered]);
  });

  it('rejects both with the same error when it fails before it is stored', async () => {
    const receipt = new PendingReceipt();
    const { stored } = receipt;
    receipt.fail(gone);
    await expect(stored).rejects.toBe(gone);
    await expect(receipt.delivered).rejects.toBe(gone);
  });

  it('keeps stored when it fails afterwards', async () => {
    const receipt = new PendingReceipt();
    receipt.markStored();
    receipt.fail(gone);
    await receipt.stored;
    await expect(receipt.delivered).rejects.toBe(gone);
  });

  it('settles once: what comes later changes nothing', async () => {
    const receipt = new PendingReceipt();
    receipt.markDelivered();
    receipt.fail(gone);
    await receipt.delivered;
    const other = new PendingReceipt();
    other.fail(gone);
    other.markDelivered();
    await expect(other.stored).rejects.toBe(gone);
    await expect(other.delivered).rejects.toBe(gone);
  });

  it('gives the same promise each time', () => {
    const receipt = new PendingReceipt();
    expect(receipt.stored).toBe(receipt.stored);
    expect(receipt.delivered).toBe(receipt.delivered);
  });

  it('that failed and is ignored never becomes an unhandled rejection', async () => {
    const before = new PendingReceipt();
    void before.stored;
    void before.delivered;
    before.fail(gone);
    const after = new PendingReceipt();
    after.fail(gone);
    void after.delivered;
    failedReceipt(gone);
    // Node tells of unhandled rejections after the microtasks of a turn.
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
  });

  it('that has failed from the start wraps an error that is not ours', async () => {
    await expect(failedReceipt(gone).stored).rejects.toBe(gone);
    const cause = new RangeError('too far');
    await expect(failedReceipt(cause).delivered).rejects.toMatchObject({ code: 'bad-input', message: 'RangeError: too far', cause });
  });
});
