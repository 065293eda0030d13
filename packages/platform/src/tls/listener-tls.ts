import { LianyunError, type Clock } from '@lianyun/protocol';
import { dayOf, hostsOf, WARN_DAYS, type Authority } from './authority.ts';
import type { KeyOf } from './pre-shared-keys.ts';
import { ServerTls } from './server-tls.ts';

interface ListenerTlsOptions {
  readonly authority: Authority | undefined;
  /** What the listener is bound to. */
  readonly host: string;
  readonly clock: Clock;
  readonly keyOf: KeyOf;
  /** Hears what the certificate does not name, and when the authority expires. */
  notice(text: string): void;
}

/** TLS for the listeners of a platform. Fails with `bad-config` without an authority. */
export function openListenerTls({ authority, host, clock, keyOf, notice }: ListenerTlsOptions): ServerTls {
  if (authority === undefined) throw new LianyunError('bad-config', 'TLS needs an authority that makes the certificate; openAuthority() gives one.');
  const { hosts, left } = hostsOf(authority, host);
  if (left.length > 0) notice(`The certificate does not name ${left.join(', ')}: the authority in ${authority.file} may not sign for them.`);
  return new ServerTls({
    authority,
    hosts,
    clock,
    keyOf,
    onDay: ({ daysLeft, expiresAt, file }) => {
      if (daysLeft <= WARN_DAYS) notice(`The certificate authority in ${file} expires on ${dayOf(expiresAt)}, in ${daysLeft} days. Move it and its key away to have a new one made, and give every device the new file before.`);
    },
  });
}
