import { EXCHANGES, type Op } from './vocabulary.ts';

/** What can be asked and waited for: requests, and what is told where the acknowledgement says more than that it arrived. */
export const ANSWERS = { ...EXCHANGES, 'resource.versions': 'resource.versions.ack' } as const satisfies Partial<Record<Op, Op>>;

/** An operation whose answer can be waited for. */
export type AskOp = keyof typeof ANSWERS;
/** The operation that is waited for with `K`. */
export type AnswerOp<K extends AskOp> = (typeof ANSWERS)[K];
