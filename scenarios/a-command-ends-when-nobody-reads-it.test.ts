import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { lianyun, type Program } from './support/program.ts';

describe('A command whose output nobody reads any more', () => {
  it('(tour) ends, and shows nobody a stack', { timeout: 90_000 }, async () => {
    await using tour = lianyun(['tour']);
    await tour.line(/^The platform listens/);
    tour.stopReading('stdout');
    expect(await tour.end()).toEqual({ code: null, signal: 'SIGTERM' });
    expect(tour.stderr.all).toEqual([]);
  });

  it('(up) ends as on SIGTERM when its log is gone, with all that it keeps in order', { timeout: 90_000 }, async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'lianyun-unread-'));
    const start = async (): Promise<[Program, number]> => {
      const up = lianyun(['up', '--mqtt', '0', '--http', '0', '--data', folder]);
      return [up, (JSON.parse(await up.line(/"ready":true/)) as { readonly mqtt: number }).mqtt];
    };
    try {
      const [up, port] = await start();
      await using _first = up;
      up.stopReading('stderr');
      // No MQTT: a notice for the log.
      net.connect(port, '127.0.0.1').on('error', () => undefined).end('GET / HTTP/1.1\r\n\r\n');
      expect(await up.end()).toEqual({ code: 0, signal: null });
      const [again] = await start();
      await using _second = again;
      again.kill('SIGTERM');
      expect(await again.end()).toEqual({ code: 0, signal: null });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
