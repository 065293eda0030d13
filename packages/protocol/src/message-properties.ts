/** What MQTT 5 carries beside a payload (Huawei 3.3.1). Older versions have no place for it: there it is left out. */
export interface MessageProperties {
  /** Names and values of the program's own; a name may come more than once. */
  readonly userProperties?: readonly (readonly [name: string, value: string])[];
  readonly contentType?: string;
  /** Where an answer is expected, and what shall stand in it. */
  readonly responseTopic?: string;
  readonly correlationData?: Uint8Array;
  /** True: the payload is text in UTF-8. */
  readonly payloadFormatIndicator?: boolean;
  /** For how many seconds more the message is of use: what waits longer for its receiver is dropped. */
  readonly expirySeconds?: number;
}
