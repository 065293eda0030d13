import type { Receipt } from '@lianyun/protocol';

const ignore = (): void => undefined;

/** One receipt for several messages: each milestone is reached when all have reached it, and fails with the first that fails. */
export function joinReceipts(receipts: readonly Receipt[]): Receipt {
  const [only] = receipts;
  if (only !== undefined && receipts.length === 1) return only;
  const join = async (promises: readonly Promise<void>[]): Promise<void> => {
    await Promise.all(promises);
  };
  const [stored, delivered] = [join(receipts.map((receipt) => receipt.stored)), join(receipts.map((receipt) => receipt.delivered))];
  // A receipt that nobody looks at never becomes an unhandled rejection.
  stored.catch(ignore);
  delivered.catch(ignore);
  return { stored, delivered };
}
