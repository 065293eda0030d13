import * as v from 'valibot';
import { absent, defined, integer } from '../wire.ts';
import type { Outcome } from '../vocabulary.ts';

/** How an operation ended, as every answer on a `$thing` topic says it (reference 2). */
export const outcomeWire = { code: integer, status: absent(v.string()) } as const;

interface WireOutcome {
  readonly code: number;
  readonly status?: string | undefined;
}

export const writeOutcome = ({ code, text }: Outcome) => defined({ code, status: text });

export const readOutcome = ({ code, status }: WireOutcome) => defined({ code, text: status });
