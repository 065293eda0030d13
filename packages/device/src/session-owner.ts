import type { LianyunError, MessageProperties, MqttCredentials } from '@lianyun/protocol';
import type { Ending } from './session-state.ts';

/** A topic filter to be kept subscribed. */
export interface Subscription {
  readonly filter: string;
  readonly qos: 0 | 1;
}

/** What a session tells its device. */
export interface SessionOwner {
  /** Credentials for one attempt; they carry the time and are never reused. `isTls`: over `mqtts://`. */
  credentials(isTls: boolean): MqttCredentials;
  onProblem(problem: LianyunError): void;
  /** A PUBLISH; `payload` is only valid during the call. */
  onPublish(topic: string, payload: Buffer, properties: MessageProperties | undefined, qos: 0 | 1): void;
  /** The server refused a subscription. */
  onSubscriptionRefused(filter: string, code: number): void;
  /** Subscribed and ready. What is sent here goes before what waits in the outbox. */
  onOnline(): void;
  onOffline(ending: Ending, nextAttemptMs: number | undefined): void;
  onClosed(ending: Ending | undefined): void;
}
