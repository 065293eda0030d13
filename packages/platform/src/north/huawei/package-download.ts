import { LianyunError } from '@lianyun/protocol';
import type { FastifyInstance } from 'fastify';
import { serve } from '../../objects/http.ts';
import { fileNameOf, packagePath } from '../../upgrades/upgrade-sender.ts';
import type { NorthContext } from '../context.ts';
import { percentEncode } from '../percent.ts';
import { refusal } from '../refusal.ts';
import { sendHuaweiFault } from './fault.ts';

/** Packages that the platform keeps, for the device that has the token which came with the offer (5.2 v1, 7.2). */
export function packageDownload(app: FastifyInstance, { upgrades, objects, signer, clock }: NorthContext): void {
  app.route<{ readonly Params: { readonly device_id: string; readonly package_id: string } }>({
    method: ['GET', 'HEAD'],
    url: packagePath(':device_id', ':package_id').replaceAll('%3A', ':'),
    exposeHeadRoute: false,
    handler: async (request, reply) => {
      try {
        const { device_id: device, package_id: id } = request.params;
        const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
        const fault = signer.tokenFault(packagePath(device, id), token, clock.now());
        if (fault !== undefined) {
          void reply.header('www-authenticate', 'Bearer error="invalid_token"');
          throw new LianyunError('bad-credentials', fault === 'expired' ? 'The access token has expired.' : 'The access token is missing, or not one for this package and device.');
        }
        const pack = upgrades.packages.find('huawei', id);
        const object = pack === undefined ? undefined : objects.find(pack.place);
        if (pack === undefined || object === undefined) throw refusal('IOTDA.000006', `There is no package ${JSON.stringify(id)}, or its bytes are gone.`, 404);
        const name = fileNameOf(pack);
        void reply.header('content-disposition', `attachment;filename=${/^[\w.-]+$/.test(name) ? name : `"package"; filename*=UTF-8''${percentEncode(name)}`}`);
        return await serve({ request, reply, objects, object });
      } catch (error) {
        return await sendHuaweiFault(reply.removeHeader('content-disposition'), error);
      }
    },
  });
}
