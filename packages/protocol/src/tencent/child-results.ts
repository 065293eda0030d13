/** What the numbers of results mean (reference 3.7). */
const RESULT_TEXTS: Readonly<Partial<Record<number, string>>> = {
  [-1]: 'the gateway has not bound this sub-device',
  [-2]: 'a system error',
  801: 'wrong request parameters',
  802: 'the device name is invalid, or there is no such device',
  803: 'the signature is wrong',
  804: 'the signature method is not supported',
  805: 'the signature has expired',
  806: 'it is bound to another gateway',
  807: 'it is no ordinary device and cannot be bound',
  808: 'the operation is not permitted',
  809: 'it is bound to this gateway already',
  810: 'the sub-device is not supported',
};

/** What the number of a result means. */
export const childResultText = (code: number): string | undefined => RESULT_TEXTS[code];
