import { describe, expect, it } from 'vitest';
import { isExempt } from './no-proxy.ts';
import { readProxies, type Target } from './proxies.ts';
import { readProxyUrl, shownProxy } from './proxy-url.ts';

const SECURE: Target = { host: 'h', isSecure: true };
const PLAIN: Target = { host: 'h', isSecure: false };

/** The ports of the proxies on the way to a server over TLS, and to one without. */
const ways = (environment: Record<string, string>, option?: string | false): readonly (number | undefined)[] => [SECURE, PLAIN].map((target) => readProxies(option, environment)?.for(target)?.port);

describe('the address of a proxy', () => {
  it.each([
    ['http://h:3128', { scheme: 'http', host: 'h', port: 3128 }],
    ['h:3128', { scheme: 'http', host: 'h', port: 3128 }],
    ['h', { scheme: 'http', host: 'h', port: 1080 }],
    ['http://h:80/', { scheme: 'http', host: 'h', port: 80 }],
    ['https://h', { scheme: 'https', host: 'h', port: 443 }],
    ['HTTPS://h:8443', { scheme: 'https', host: 'h', port: 8443 }],
    ['socks5://10.0.0.1', { scheme: 'socks5', host: '10.0.0.1', port: 1080 }],
    ['socks5h://[::1]:9050', { scheme: 'socks5h', host: '::1', port: 9050 }],
    ['http://ann:s%40cret@h:1', { scheme: 'http', host: 'h', port: 1, user: { name: 'ann', password: 's@cret' } }],
    ['http://Bücher.example:3128', { scheme: 'http', host: 'xn--bcher-kva.example', port: 3128 }],
    ['ann:@h', { scheme: 'http', host: 'h', port: 1080, user: { name: 'ann', password: '' } }],
  ])('is read as curl reads it: %s', (text, proxy) => {
    expect(readProxyUrl(text, 'proxy')).toEqual(proxy);
  });

  it.each(['', ' ', 7, 'ftp://h', 'socks4://h', 'socks://h', 'http://', 'http://h:0', 'http://256.1.1.1', 'http://a%00b', 'http://h:99999', 'http://h/path', 'http://h?x', 'http://u:%zz@h', `socks5://${'u'.repeat(256)}:p@h`])('is refused when it is none, and never repeated: %s', (text) => {
    expect(() => readProxyUrl(text, 'https_proxy')).toThrow(expect.objectContaining({ code: 'bad-config', message: expect.stringMatching(/^https_proxy (is no address|has|names|goes on)/) }));
    expect(() => readProxyUrl('http://ann:hush@h/path', 'proxy')).toThrow(expect.objectContaining({ message: expect.not.stringContaining('hush') }));
  });

  it('is shown without user and password', () => {
    expect(shownProxy(readProxyUrl('socks5h://ann:hush@[::1]:9050', 'proxy'))).toBe('socks5h://[::1]:9050');
  });
});

describe('the environment', () => {
  it.each([
    [{}, [undefined, undefined]],
    [{ https_proxy: 'p:1' }, [1, undefined]],
    [{ HTTPS_PROXY: 'p:1' }, [1, undefined]],
    [{ http_proxy: 'p:2' }, [undefined, 2]],
    [{ HTTP_PROXY: 'p:2' }, [undefined, 2]],
    [{ all_proxy: 'p:3' }, [3, 3]],
    [{ ALL_PROXY: 'p:3', https_proxy: 'p:1' }, [1, 3]],
    [{ all_proxy: 'p:3', ALL_PROXY: 'p:4', https_proxy: 'p:1', HTTPS_PROXY: 'p:2' }, [1, 3]],
    [{ https_proxy: '', HTTPS_PROXY: ' ', all_proxy: 'p:3' }, [3, 3]],
    // In a CGI program it is a header of the client.
    [{ HTTP_PROXY: 'p:2', REQUEST_METHOD: 'GET' }, [undefined, undefined]],
    [{ all_proxy: 'p:3', no_proxy: 'h' }, [undefined, undefined]],
    [{ all_proxy: 'p:3', NO_PROXY: 'other, h' }, [undefined, undefined]],
    [{ all_proxy: 'p:3', no_proxy: 'other', NO_PROXY: 'h' }, [3, 3]],
  ])('says which proxy there is for TLS, and without: %j', (environment, expected) => {
    expect(ways(environment)).toEqual(expected);
  });

  it('is not asked where the option says so, but for no_proxy', () => {
    expect(ways({ all_proxy: 'p:3' }, false)).toEqual([undefined, undefined]);
    expect(ways({ all_proxy: 'p:3' }, 'q:7')).toEqual([7, 7]);
    expect(ways({ no_proxy: 'h' }, 'q:7')).toEqual([undefined, undefined]);
  });

  it('is named in the error about it', () => {
    expect(() => readProxies(undefined, { HTTPS_PROXY: 'gopher://h' })).toThrow(expect.objectContaining({ code: 'bad-config', message: expect.stringMatching(/^HTTPS_PROXY has the scheme gopher/) }));
    expect(() => readProxies('', {})).toThrow(expect.objectContaining({ message: expect.stringMatching(/^proxy is no address/) }));
  });
});

describe('no_proxy', () => {
  it.each([
    ['a.example', 'a.example', true],
    ['A.Example.', 'a.example', true],
    ['b.a.example', 'a.example', true],
    ['b.a.example', '.a.example', true],
    ['ba.example', 'a.example', false],
    ['a.example', 'b.a.example', false],
    ['a.example', 'x, a.example', true],
    ['a.example', 'x a.example,y', true],
    ['a.example', '*', true],
    ['10.1.2.3', '*', true],
    ['a.example', '*.example', false],
    ['10.1.2.3', '10.1.2.3', true],
    ['10.1.2.3', '10.0.0.0/8', true],
    ['11.1.2.3', '10.0.0.0/8', false],
    ['10.1.2.3', '2.3', false],
    ['10.1.2.3', '10.0.0.0/99', false],
    ['10.1.2.3', '10.0.0.0/x', false],
    ['::1', '::1', true],
    ['::1', '[::1]', true],
    ['fd00::5', 'fd00::/8', true],
    ['fe80::5', 'fd00::/8', false],
    ['127.0.0.1', 'localhost', false],
    ['a.example', '', false],
    ['a.example', ', ,.', false],
  ])('exempts %s by %j: %s', (host, list, expected) => {
    expect(isExempt(host, list)).toBe(expected);
  });
});
