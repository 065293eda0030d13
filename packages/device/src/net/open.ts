import type { PreSharedKey } from '@lianyun/protocol';
import type { Carrier, CarrierOwner } from './carrier.ts';
import type { Endpoint } from './endpoint.ts';
import { LateCarrier } from './late.ts';
import { openTcp } from './tcp.ts';
import type { TlsSettings } from './tls-options.ts';
import { connectOptions, openTls, pskOptions } from './tls.ts';
import { openWebSocket } from './web-socket.ts';

/** How carriers are opened. */
export interface NetworkSettings {
  readonly tls?: TlsSettings;
  /** Over `mqtts://`, instead of certificates. */
  readonly psk?: PreSharedKey;
}

/** Begins to open a carrier; its owner hears how it went. */
export function openCarrier(endpoint: Endpoint, { tls, psk }: NetworkSettings, owner: CarrierOwner): Carrier {
  switch (endpoint.scheme) {
    case 'mqtt':
      return openTcp(endpoint, owner);
    case 'mqtts':
      return openTls(psk === undefined ? connectOptions(endpoint, tls) : pskOptions(endpoint, psk), owner);
    case 'ws':
    case 'wss':
      return new LateCarrier(() => openWebSocket(endpoint, tls, owner), owner);
    default:
      return endpoint.scheme satisfies never;
  }
}
