/** Reads a time stamp that should hold milliseconds and sometimes holds seconds (tencent 2.1, 2.7; huawei 5.6): ten digits are seconds. */
export function readTimestamp(value: number | undefined): number | undefined {
  if (value === undefined || value === 0) return undefined;
  return value < 100_000_000_000 ? value * 1000 : value;
}
