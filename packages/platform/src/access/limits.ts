/** What the access server allows a connection before it defends itself. Durations are kept to half a second. */
export interface AccessLimits {
  /** Largest packet, fixed header included. */
  readonly maxPacketBytes: number;
  /** Largest CONNECT: nobody is known before it. */
  readonly maxConnectBytes: number;
  /** Largest message of a WebSocket, which may hold many packets. */
  readonly messageBytes: number;
  /** Until when the first packet must have come. */
  readonly connectMs: number;
  /** How long a connection that is being closed may take to read what was sent to it and to close its side. */
  readonly lingerMs: number;
  /** Downlinks at QoS 1 that may wait for their PUBACK at once. */
  readonly inFlight: number;
  /** Downlinks at QoS 1 that may wait behind those; the oldest is dropped for a newer one. */
  readonly queuedMessages: number;
  readonly queuedBytes: number;
  /** After how long without a PUBACK a downlink is sent again, and how often; reference of IoTDA, 1.2. */
  readonly resendMs: number;
  readonly resends: number;
  /** Bytes that a client may leave unread. */
  readonly unreadBytes: number;
  /** Uplinks of one connection that may wait for the platform before nothing more is read from it. */
  readonly waitingUplinks: number;
}

const KIB = 1024;

export const DEFAULT_LIMITS: AccessLimits = {
  // The largest payload of either cloud (1 MB, Huawei), the longest topic and the headers.
  maxPacketBytes: 1024 * KIB + 64 * KIB + 16,
  maxConnectBytes: 128 * KIB,
  messageBytes: 4 * 1024 * KIB,
  connectMs: 10_000,
  lingerMs: 2_000,
  inFlight: 64,
  queuedMessages: 1_000,
  queuedBytes: 1024 * KIB,
  resendMs: 2_000,
  resends: 3,
  unreadBytes: 4096 * KIB,
  waitingUplinks: 1_000,
};

/** The clouds' client ids are longer than the 23 characters of MQTT 3.1; reference of IoTDA, 1.3. */
export const MAX_CLIENT_ID_CHARACTERS = 256;
