import type { Carrier, CarrierOwner } from './carrier.ts';
import type { Endpoint } from './endpoint.ts';
import { openTcp } from './tcp.ts';
import type { TlsSettings } from './tls-options.ts';
import { openTls } from './tls.ts';

/** How carriers are opened. */
export interface NetworkSettings {
  readonly tls?: TlsSettings;
}

/** Begins to open a carrier; its owner hears how it went. */
export function openCarrier(endpoint: Endpoint, { tls }: NetworkSettings, owner: CarrierOwner): Carrier {
  return endpoint.scheme === 'mqtts' ? openTls(endpoint, tls, owner) : openTcp(endpoint, owner);
}
