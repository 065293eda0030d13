import { isJsonObject, isLianyunError, LianyunError } from '@lianyun/protocol';

/** What an API answers instead of a result: the vendor's code and the HTTP status. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
}

/** An error that the API answers with a code of the vendor's. */
export function refusal(code: string, message: string, status = 400): LianyunError {
  const cause: Refusal = { status, code };
  return new LianyunError('refused', message, { cause });
}

/** The vendor's code that {@link refusal} put into an error. */
export function refusalOf(error: unknown): Refusal | undefined {
  const cause = isLianyunError(error, 'refused') ? error.cause : undefined;
  // Nothing else puts an object with both members there.
  return isJsonObject(cause) && 'status' in cause && 'code' in cause ? (cause as unknown as Refusal) : undefined;
}
