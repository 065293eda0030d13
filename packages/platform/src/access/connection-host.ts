import type { WriteTurns } from '@lianyun/protocol/mqtt';
import type { Deadlines } from './deadlines.ts';
import type { AccessLimits } from './limits.ts';
import type { AccessPolicy, Client, Cloud, OfflineReason } from './port.ts';
import type { RoutingIndex } from './routing-index.ts';
import type { SubscriptionOwner } from './subscriptions.ts';
import type { TakenTogether } from './taken-together.ts';

/** What all connections of a server share. */
export interface ConnectionHost<C> {
  readonly policy: AccessPolicy;
  readonly limits: AccessLimits;
  readonly deadlines: Deadlines;
  readonly writes: WriteTurns;
  readonly takenTogether: TakenTogether;
  readonly routes: Readonly<Record<Cloud, RoutingIndex<SubscriptionOwner>>>;
  now(): number;
  /** A client signed in; whoever was signed in for its device is taken over now. */
  onSignIn(connection: C, client: Client): void;
  /** It is signed in no longer. */
  onSignOut(connection: C, client: Client, reason: OfflineReason): void;
  /** Its transport is gone. */
  onClosed(connection: C): void;
}
