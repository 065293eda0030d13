import { failedReceipt, LianyunError, type Handler } from '@lianyun/protocol';
import { FakeClock } from '@lianyun/protocol/testing';
import { describe, expect, it } from 'vitest';
import { Configurations } from './configurations.ts';
import { Registry } from '../registry.ts';
import { openStorage } from '../storage/storage.ts';

const DAY_MS = 86_400_000;

function begin() {
  const clock = new FakeClock();
  const storage = openStorage({ clock });
  const registry = new Registry({ store: storage.registryStore, clock });
  registry.createProduct({ cloud: 'huawei', productId: 'p', name: 'p' });
  registry.createDevice({ cloud: 'huawei', productId: 'p', nodeId: 'd' });
  const sent: unknown[] = [];
  const problems: LianyunError[] = [];
  let answer: Handler<'config.update.result'> | undefined;
  const configurations = new Configurations({
    storage,
    registry,
    clock,
    downlink: { route: (_, device) => device },
    peer: {
      handle: (_, handler) => {
        answer = handler as unknown as Handler<'config.update.result'>;
        return () => undefined;
      },
      send: (_, { body }) => {
        sent.push(body);
        return failedReceipt(new LianyunError('offline', 'a test'));
      },
    },
    problem: (error) => void problems.push(error),
  });
  const told = (code: number): void => void answer?.({ device: 'p_d', via: 'p_d', body: { code } });
  const turn = () => new Promise((resolve) => void setImmediate(resolve));
  return { clock, configurations, sent, problems, told, turn };
}

describe('A configuration that is not answered', () => {
  it('is sent once a day, and no more when it is over', async () => {
    const { clock, configurations, sent, turn } = begin();
    configurations.update('p_d', { a: 1 }, { days: 3 });
    const counts: number[] = [];
    for (let day = 0; day < 5; day++) {
      await turn();
      counts.push(sent.length);
      clock.advance(DAY_MS);
    }
    expect(counts).toEqual([1, 2, 3, 3, 3]);
    expect(configurations.get('p_d')).toMatchObject({ status: 'expired' });
    expect(clock.timers).toBe(0);
  });

  it('is sent no more when it was answered, and an answer that nobody waits for is told', async () => {
    const { clock, configurations, sent, told, turn, problems } = begin();
    configurations.update('p_d', { a: 1 });
    await turn();
    told(0);
    clock.advance(2 * DAY_MS);
    configurations.cameOnline('p_d');
    await turn();
    expect([sent.length, configurations.get('p_d')?.status]).toEqual([1, 'taken']);
    told(0);
    expect(problems).toMatchObject([{ code: 'unexpected-reply' }]);
  });

  it('is forgotten with its device', () => {
    const { configurations } = begin();
    configurations.update('p_d', { a: 1 });
    configurations.forget('p_d');
    expect(configurations.get('p_d')).toBeUndefined();
    configurations.close();
  });
});
