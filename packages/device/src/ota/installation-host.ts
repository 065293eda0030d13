import type { LianyunError, OtaOffer, Receipt, UpgradeStep } from '@lianyun/protocol';
import type { DeviceContext } from '../services/context.ts';

type Kind = OtaOffer['kind'];

/** What an installation asks of the service that it belongs to. */
export interface InstallationHost {
  readonly context: DeviceContext;
  /** The version that runs, as the program says. */
  running(kind: Kind): string | undefined;
  tell(target: Pick<OtaOffer, 'kind' | 'version'>, step: UpgradeStep): Receipt;
  /** The version runs and works: tells the cloud that the upgrade is done, and which version runs. */
  succeeded(kind: Kind, version: string): readonly Receipt[];
  /** The version that was on trial is not to be told. */
  failed(why: LianyunError): void;
  /** The old version runs again. */
  restored(kind: Kind, version: string): void;
}
