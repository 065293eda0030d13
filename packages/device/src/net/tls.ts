import { isIP, type Socket, type TcpNetConnectOpts } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { PreSharedKey } from '@lianyun/protocol';
import type { Carrier, CarrierOwner } from './carrier.ts';
import type { Endpoint } from './endpoint.ts';
import { node } from '../node.ts';
import { attach, readAsItComes, readInto } from './tcp.ts';
import { contextOf, type TlsSettings } from './tls-options.ts';

/** What `tls.connect` is told for an endpoint: chain and name are verified unless the caller gave that up. */
export function connectOptions({ host, port }: Pick<Endpoint, 'host' | 'port'>, tls: TlsSettings | undefined): ConnectionOptions {
  const servername = tls?.servername ?? (isIP(host) === 0 ? host : undefined);
  return {
    host,
    port,
    secureContext: contextOf(tls),
    rejectUnauthorized: tls?.insecure !== true,
    ...(servername === undefined ? {} : { servername }),
  };
}

/** Suites of TLS-PSK, the last two those of Tencent's SDKs (reference 1.4). With none but these a server cannot get by with a certificate. */
const PSK_SUITES = 'PSK-AES128-GCM-SHA256:PSK-AES256-GCM-SHA384:PSK-AES128-CBC-SHA:PSK-AES256-CBC-SHA';

/** The same with a key that both ends have: who does not have it cannot finish the handshake. */
export function pskOptions({ host, port }: Pick<Endpoint, 'host' | 'port'>, { identity, key }: PreSharedKey): ConnectionOptions {
  return {
    host,
    port,
    ciphers: PSK_SUITES,
    minVersion: 'TLSv1.2',
    // In TLS 1.3 a suite says nothing of keys, and a server could choose its certificate.
    maxVersion: 'TLSv1.2',
    pskCallback: () => ({ identity, psk: key }),
    // There is no certificate whose name could be checked.
    checkServerIdentity: () => undefined,
  };
}

/** Opens a TLS connection. */
export function openTls(told: ConnectionOptions, owner: CarrierOwner): Carrier {
  // Node's documentation has the option for TLS, its types do not.
  const options: ConnectionOptions & Pick<TcpNetConnectOpts, 'onread'> = { ...told, onread: readInto(owner) };
  const socket = node.tls().connect(options);
  socket.setNoDelay(true);
  return attach(socket, owner, 'secureConnect');
}

/** The same over a connection that is open already. */
export function openTlsIn(tunnel: Socket, told: ConnectionOptions, owner: CarrierOwner): Carrier {
  const socket = node.tls().connect({ ...told, socket: tunnel });
  readAsItComes(socket, owner);
  return attach(socket, owner, 'secureConnect');
}
