import type { Socket } from 'node:net';
import type { PreSharedKey } from '@lianyun/protocol';
import type { CloudTime } from '../cloud-time.ts';
import type { Carrier, CarrierOwner } from './carrier.ts';
import { isSecure, whereOf, type Endpoint } from './endpoint.ts';
import { openTunnel, openWebSocket } from './detour.late.ts';
import { LateCarrier } from './late.ts';
import type { Proxies } from './proxies.ts';
import { shownProxy, type Proxy } from './proxy-url.ts';
import { openTcp, serveTunnel } from './tcp.ts';
import type { TlsSettings } from './tls-options.ts';
import { connectOptions, openTls, openTlsIn, pskOptions } from './secure.late.ts';

/** How servers are reached. */
export interface NetworkSettings {
  readonly tls?: TlsSettings;
  readonly proxies?: Proxies;
  /** Over `mqtts://`, instead of certificates. */
  readonly psk?: PreSharedKey;
  /** What servers say of the time in their answers over HTTP. It explains a refused sign-in; nobody signs in by it. */
  readonly serverTime?: CloudTime;
}

/** The proxy on the way to an endpoint. */
function proxyTo(endpoint: Endpoint, { proxies }: NetworkSettings): Proxy | undefined {
  return proxies?.for({ host: endpoint.host, isSecure: isSecure(endpoint) });
}

/** An endpoint, and the way to it, as they stand in a message. */
export function shownWay(endpoint: Endpoint, network: NetworkSettings): string {
  const proxy = proxyTo(endpoint, network);
  return proxy === undefined ? whereOf(endpoint) : `${whereOf(endpoint)} (through the proxy ${shownProxy(proxy)})`;
}

/** Begins to open a carrier; its owner hears how it went. */
export function openCarrier(endpoint: Endpoint, network: NetworkSettings, owner: CarrierOwner): Carrier {
  const proxy = proxyTo(endpoint, network);
  if (proxy !== undefined) {
    return new LateCarrier(async (signal) => {
      const tunnel = await openTunnel({ proxy, tls: network.tls, signal }, endpoint);
      try {
        return await openIn(tunnel, { endpoint, network, owner });
      } catch (cause) {
        // The package for WebSocket may be missing.
        tunnel.destroy();
        throw cause;
      }
    }, owner);
  }
  switch (endpoint.scheme) {
    case 'mqtt':
      return openTcp(endpoint, owner);
    case 'mqtts':
      return openTls(secureOptions(endpoint, network), owner);
    case 'ws':
    case 'wss':
      return new LateCarrier(async () => openWebSocket(endpoint, network, owner), owner);
    default:
      return endpoint.scheme satisfies never;
  }
}

/** The same over a connection that is there already. */
function openIn(tunnel: Socket, { endpoint, network, owner }: { readonly endpoint: Endpoint; readonly network: NetworkSettings; readonly owner: CarrierOwner }): Carrier | Promise<Carrier> {
  switch (endpoint.scheme) {
    case 'mqtt':
      return serveTunnel(tunnel, owner);
    case 'mqtts':
      return openTlsIn(tunnel, secureOptions(endpoint, network), owner);
    case 'ws':
    case 'wss':
      return openWebSocket(endpoint, { ...network, tunnel }, owner);
    default:
      return endpoint.scheme satisfies never;
  }
}

const secureOptions = (endpoint: Endpoint, { tls, psk }: NetworkSettings): ReturnType<typeof connectOptions> => (psk === undefined ? connectOptions(endpoint, tls) : pskOptions(endpoint, psk));
