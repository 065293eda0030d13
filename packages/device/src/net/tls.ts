import { isIP, type TcpNetConnectOpts } from 'node:net';
import { connect, type ConnectionOptions } from 'node:tls';
import type { Carrier, CarrierOwner } from './carrier.ts';
import type { Endpoint } from './endpoint.ts';
import { attach, readInto } from './tcp.ts';
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

/** Opens a TLS connection. */
export function openTls(endpoint: Endpoint, tls: TlsSettings | undefined, owner: CarrierOwner): Carrier {
  // Node's documentation has the option for TLS, its types do not.
  const options: ConnectionOptions & Pick<TcpNetConnectOpts, 'onread'> = { ...connectOptions(endpoint, tls), onread: readInto(owner) };
  const socket = connect(options);
  socket.setNoDelay(true);
  return attach(socket, owner, 'secureConnect');
}
