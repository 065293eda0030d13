import { stringifyExact, type JsonValue, type RuleCondition } from '@lianyun/protocol';

type DataCondition = Extract<RuleCondition, { kind: 'data' }>;

/** A number, or text that is one. */
function numberOf(value: JsonValue | undefined): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}

/** Numbers are equal as numbers, integers beyond 2^53 and everything else as text. */
function isEqual(value: JsonValue, wanted: string): boolean {
  if ((typeof value === 'object' ? stringifyExact(value) : String(value)) === wanted) return true;
  const [left, right] = [numberOf(value), numberOf(wanted)];
  if (left === undefined || right === undefined) return false;
  return left === right && (Number.isSafeInteger(left) || !Number.isInteger(left));
}

const byNumber =
  (compare: (left: number, right: number) => boolean) =>
  (value: JsonValue, { value: wanted }: DataCondition): boolean => {
    const [left, right] = [numberOf(value), numberOf(wanted)];
    return left !== undefined && right !== undefined && compare(left, right);
  };

/** What the cloud compares with (Huawei 10.2). */
export const OPERATORS: Readonly<Record<string, (value: JsonValue, condition: DataCondition) => boolean>> = {
  '>': byNumber((left, right) => left > right),
  '>=': byNumber((left, right) => left >= right),
  '<': byNumber((left, right) => left < right),
  '<=': byNumber((left, right) => left <= right),
  '=': (value, { value: wanted }) => wanted !== undefined && isEqual(value, wanted),
  in: (value, { values = [] }) => values.some((wanted) => isEqual(value, wanted)),
  between: (value, { value: range = '' }) => {
    const [low, high, ...more] = range.split(',').map(numberOf);
    const number = numberOf(value);
    return number !== undefined && low !== undefined && high !== undefined && more.length === 0 && low <= number && number <= high;
  },
};

/** Whether a property's value meets a condition. An operator that is not documented is met by nothing. */
export function meets(value: JsonValue, condition: DataCondition): boolean {
  const { operator = '' } = condition;
  return Object.hasOwn(OPERATORS, operator) && OPERATORS[operator]?.(value, condition) === true;
}
