import { createHash, randomBytes, sign, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import * as asn1 from 'asn1js';
import { netOf, type Subtrees } from './subtrees.ts';

/** What a certificate is to say (RFC 5280). Instants in ms since 1970. */
export interface CertificateOrder {
  /** Common name. */
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly notBefore: number;
  readonly notAfter: number;
  /** Common name of who signs, and its keys: EC on P-256. */
  readonly issuer: { readonly name: string; readonly privateKey: KeyObject; readonly publicKey: KeyObject };
  /** `authority`: it signs others, for hosts under these names and addresses. `server`: it is for these hosts. `client`: it is a device's. */
  readonly use: { readonly authority: Subtrees } | { readonly server: readonly string[] } | 'client';
}

const OID = {
  commonName: '2.5.4.3',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;

type Node = asn1.BaseBlock;

const sequence = (...value: Node[]): Node => new asn1.Sequence({ value });
const oid = (value: string): Node => new asn1.ObjectIdentifier({ value });
const octets = (bytes: Uint8Array): Node => new asn1.OctetString({ valueHex: exact(bytes) });
const bits = (bytes: Uint8Array, unusedBits = 0): Node => new asn1.BitString({ valueHex: exact(bytes), unusedBits });
/** A tag of the structure's own around a value, or instead of the value's. */
const explicit = (tagNumber: number, ...value: Node[]): Node => new asn1.Constructed({ idBlock: { tagClass: 3, tagNumber }, value });
const implicit = (tagNumber: number, bytes: Uint8Array): Node => new asn1.Primitive({ idBlock: { tagClass: 3, tagNumber }, valueHex: exact(bytes) });
const der = (node: Node): Uint8Array => new Uint8Array(node.toBER());
const name = (common: string): Node => sequence(new asn1.Set({ value: [sequence(oid(OID.commonName), new asn1.Utf8String({ value: common }))] }));
const extension = (id: string, isCritical: boolean, value: Node): Node =>
  sequence(oid(id), ...(isCritical ? [new asn1.Boolean({ value: true })] : []), octets(der(value)));

/** Makes a certificate with an ECDSA signature; PEM. */
export function makeCertificate({ subject, publicKey, notBefore, notAfter, issuer, use }: CertificateOrder): string {
  const algorithm = (): Node => sequence(oid(OID.ecdsaWithSha256));
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const body = der(
    sequence(
      explicit(0, new asn1.Integer({ value: 2 })),
      new asn1.Integer({ valueHex: exact(serialNumber()) }),
      algorithm(),
      name(issuer.name),
      sequence(time(notBefore), time(notAfter)),
      name(subject),
      asn1.fromBER(exact(spki)).result,
      explicit(3, sequence(...extensionsFor(use), extension(OID.subjectKeyIdentifier, false, octets(keyId(publicKey))), extension(OID.authorityKeyIdentifier, false, sequence(implicit(0, keyId(issuer.publicKey)))))),
    ),
  );
  const signature = sign('sha256', body, { key: issuer.privateKey, dsaEncoding: 'der' });
  const whole = Buffer.from(der(sequence(asn1.fromBER(exact(body)).result, algorithm(), bits(signature))));
  return `-----BEGIN CERTIFICATE-----\n${whole.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`;
}

function extensionsFor(use: CertificateOrder['use']): Node[] {
  if (typeof use === 'object' && 'authority' in use) {
    const { names, nets } = use.authority;
    const subtrees = [...names.map((each) => implicit(2, Buffer.from(each, 'ascii'))), ...nets.map((each) => implicit(7, netOf(each)))].map((each) => sequence(each));
    return [
      extension(OID.basicConstraints, true, sequence(new asn1.Boolean({ value: true }), new asn1.Integer({ value: 0 }))),
      // keyCertSign, cRLSign
      extension(OID.keyUsage, true, bits(Uint8Array.of(0b0000_0110), 1)),
      // RFC 5280 wants it critical. mbedTLS, which devices have, knows no name constraints and refuses an authority that demands them; whoever knows them holds to them either way.
      extension(OID.nameConstraints, false, sequence(explicit(0, ...subtrees))),
    ];
  }
  const shared = [
    extension(OID.basicConstraints, true, sequence()),
    // digitalSignature
    extension(OID.keyUsage, true, bits(Uint8Array.of(0b1000_0000), 7)),
  ];
  if (use === 'client') return [...shared, extension(OID.extendedKeyUsage, false, sequence(oid(OID.clientAuth)))];
  const hosts = use.server.map((host) => (isIP(host) === 0 ? implicit(2, Buffer.from(host, 'ascii')) : implicit(7, netOf(host).subarray(0, isIP(host) === 4 ? 4 : 16))));
  return [...shared, extension(OID.extendedKeyUsage, false, sequence(oid(OID.serverAuth))), extension(OID.subjectAltName, false, sequence(...hosts))];
}

/** What an authority's certificate permits, as {@link makeCertificate} wrote it; nothing where it has no constraints. */
export function permittedBy(certificate: Uint8Array): Subtrees | undefined {
  const names: string[] = [];
  const nets: string[] = [];
  const found = find(asn1.fromBER(exact(certificate)).result, (node) => node instanceof asn1.Sequence && isNameConstraints(node.valueBlock.value[0]));
  const value = found instanceof asn1.Sequence ? found.valueBlock.value.at(-1) : undefined;
  if (!(value instanceof asn1.OctetString)) return undefined;
  find(asn1.fromBER(exact(value.valueBlock.valueHexView)).result, (node) => {
    if (!(node instanceof asn1.Primitive) || node.idBlock.tagClass !== 3) return false;
    const bytes = Buffer.from(node.valueBlock.valueHexView);
    if (node.idBlock.tagNumber === 2) names.push(bytes.toString('ascii'));
    if (node.idBlock.tagNumber === 7) nets.push(textOfNet(bytes));
    return false;
  });
  return { names, nets };
}

const isNameConstraints = (node: unknown): boolean => node instanceof asn1.ObjectIdentifier && node.valueBlock.toString() === OID.nameConstraints;

/** The first node, depth first, that a test takes. */
function find(node: asn1.BaseBlock, isIt: (node: asn1.BaseBlock) => boolean): asn1.BaseBlock | undefined {
  if (isIt(node)) return node;
  if (!(node instanceof asn1.Constructed)) return undefined;
  for (const child of node.valueBlock.value) {
    const found = find(child, isIt);
    if (found !== undefined) return found;
  }
  return undefined;
}

function textOfNet(bytes: Buffer): string {
  const half = bytes.length / 2;
  const bitsSet = [...bytes.subarray(half)].reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0);
  const address = half === 4 ? [...bytes.subarray(0, 4)].join('.') : (bytes.toString('hex', 0, 16).match(/.{4}/g) ?? []).join(':');
  return `${address}/${bitsSet}`;
}

/** RFC 5280, 4.1.2.5: UTCTime until 2049, then GeneralizedTime; whole seconds. */
function time(at: number): Node {
  const valueDate = new Date(Math.floor(at / 1000) * 1000);
  return valueDate.getUTCFullYear() < 2050 ? new asn1.UTCTime({ valueDate }) : new asn1.GeneralizedTime({ valueDate });
}

/** Positive, 127 bits of chance (RFC 5280, 4.1.2.2). */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes;
}

/** RFC 5280, 4.2.1.2: SHA-1 of the key names it; nothing rests on it. */
function keyId(key: KeyObject): Buffer {
  return createHash('sha1').update(key.export({ type: 'spki', format: 'der' })).digest();
}

/** Bytes in an ArrayBuffer of their own. */
function exact(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
