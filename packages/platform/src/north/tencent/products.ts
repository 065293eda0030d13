import { isLianyunError, stringifyExact, tencentModelCode, type JsonObject } from '@lianyun/protocol';
import type { TencentProduct } from '../../records.ts';
import type { NorthContext } from '../context.ts';
import { refusal } from '../refusal.ts';
import { action, productOf, renamed, seconds } from './action.ts';
import { tencentProducts } from '../../tencent/projects.ts';
import { pageOf } from './page.ts';
import { objectIn } from './parameters.ts';

/** Certificate, key, and the two of secure elements (10.6). */
const ENCRYPTION_TYPES: readonly string[] = ['1', '2', '21', '22'];

/** The products' actions (10.6). */
export const productActions = {
  // What the cloud's console asks for has a default; a project that is named need not be there.
  CreateStudioProduct: action(
    {
      ProductName: 'text',
      CategoryId: 'integer?',
      ProductType: 'integer?',
      EncryptionType: 'text?',
      NetType: 'text?',
      DataProtocol: 'integer?',
      ProductDesc: 'text?',
      ProjectId: 'text?',
      Rate: 'text?',
      Period: 'text?',
    },
    (p, context) => {
      checkName(p.ProductName);
      if (p.ProductType !== undefined && p.ProductType !== 0 && p.ProductType !== 5) throw refusal('InvalidParameterValue', 'ProductType is not allowed: 0 (normal) or 5 (gateway) is expected.');
      if (p.EncryptionType !== undefined && !ENCRYPTION_TYPES.includes(p.EncryptionType)) throw refusal('InvalidParameterValue', `EncryptionType is not allowed: ${ENCRYPTION_TYPES.join(', ')} is expected, as text.`);
      const { productId } = context.registry.createProduct({
        cloud: 'tencent',
        name: p.ProductName,
        ...(p.CategoryId === undefined ? {} : { categoryId: p.CategoryId }),
        ...(p.ProductType === undefined ? {} : { productType: p.ProductType }),
        ...(p.EncryptionType === undefined ? {} : { encryptionType: p.EncryptionType }),
        ...(p.NetType === undefined ? {} : { netType: p.NetType }),
        ...(p.DataProtocol === undefined ? {} : { dataProtocol: p.DataProtocol }),
        ...(p.ProductDesc === undefined ? {} : { description: p.ProductDesc }),
        ...(p.ProjectId === undefined ? {} : { projectId: p.ProjectId }),
        ...(p.Rate === undefined ? {} : { rate: p.Rate }),
        ...(p.Period === undefined ? {} : { period: p.Period }),
      });
      return { Product: entry(productOf(productId, context), context) };
    },
  ),

  DescribeStudioProduct: action({ ProductId: 'text' }, (p, context) => ({ Product: entry(productOf(p.ProductId, context), context) })),

  // A project that nobody made here has every product: the cloud's console has one for each account from the beginning.
  GetStudioProductList: action({ ProjectId: 'text?', DevStatus: 'text?', Offset: 'integer?', Limit: 'integer?' }, (p, context) => {
    const { projects } = context.tencent;
    const isProject = p.ProjectId ? projects.find(p.ProjectId) !== undefined : false;
    if (p.DevStatus && !isStatus(p.DevStatus)) throw refusal('InvalidParameterValue', 'DevStatus is not allowed: dev, audit or released is expected.');
    const wanted = tencentProducts(context.registry).filter(({ projectId, devStatus = 'dev' }) => (!isProject || projectId === p.ProjectId) && (!p.DevStatus || devStatus === p.DevStatus));
    const { items, total } = pageOf(wanted, p);
    return { Products: items.map((each) => entry(each, context)), Total: total };
  }),

  ReleaseStudioProduct: action({ ProductId: 'text', DevStatus: 'text' }, (p, context) => {
    productOf(p.ProductId, context);
    if (!isStatus(p.DevStatus)) throw refusal('InvalidParameterValue', 'DevStatus is not allowed: dev, audit or released is expected.');
    context.registry.updateProduct('tencent', p.ProductId, { devStatus: p.DevStatus });
    return {};
  }),

  ModifyStudioProduct: action({ ProductId: 'text', ProductName: 'text?', ProductDesc: 'text?', ModuleId: 'integer?', EnableProductScript: 'text?', BindStrategy: 'integer?' }, (p, context) => {
    productOf(p.ProductId, context);
    if (p.ProductName !== undefined) checkName(p.ProductName);
    if (p.EnableProductScript !== undefined && p.EnableProductScript !== 'true' && p.EnableProductScript !== 'false') throw refusal('InvalidParameterValue', 'EnableProductScript is not allowed: "true" or "false" is expected.');
    context.registry.updateProduct('tencent', p.ProductId, {
      ...(p.ProductName === undefined ? {} : { name: p.ProductName }),
      ...(p.ProductDesc === undefined ? {} : { description: p.ProductDesc }),
      ...(p.ModuleId === undefined ? {} : { moduleId: p.ModuleId }),
      ...(p.EnableProductScript === undefined ? {} : { enableProductScript: p.EnableProductScript }),
      ...(p.BindStrategy === undefined ? {} : { bindStrategy: p.BindStrategy }),
    });
    return { Product: entry(productOf(p.ProductId, context), context) };
  }),

  DeleteStudioProduct: action({ ProductId: 'text' }, (p, context) => {
    productOf(p.ProductId, context);
    const gateway = tencentProducts(context.registry).find(({ boundProducts = [] }) => boundProducts.includes(p.ProductId));
    if (gateway !== undefined) throw refusal('UnsupportedOperation.GatewayProductHasBindedProduct', `The product ${p.ProductId} is bound to the gateway product ${gateway.productId}; unbind it first.`);
    renamed({ conflict: 'UnsupportedOperation.DevicesExistUnderProduct' }, () => context.registry.deleteProduct('tencent', p.ProductId));
    return {};
  }),

  ModifyModelDefinition: action({ ProductId: 'text', ModelSchema: 'document' }, (p, context) => {
    productOf(p.ProductId, context);
    if (p.ModelSchema.trim() === '') throw refusal('InvalidParameterValue.ModelDefineNil', 'ModelSchema is empty.');
    const model: JsonObject = objectIn('ModelSchema', p.ModelSchema, 'InvalidParameterValue.ModelDefineInvalid');
    try {
      context.registry.updateProduct('tencent', p.ProductId, { model }, 'ModelSchema');
    } catch (error) {
      if (!isLianyunError(error, 'bad-config')) throw error;
      throw refusal(tencentModelCode(error) ?? 'InvalidParameterValue.ModelDefineInvalid', error.message);
    }
    return {};
  }),

  DescribeModelDefinition: action({ ProductId: 'text' }, (p, context) => {
    const product = productOf(p.ProductId, context);
    return {
      Model: {
        ProductId: product.productId,
        ModelDefine: stringifyExact(product.model),
        CreateTime: seconds(product.createdAt),
        UpdateTime: seconds(product.updatedAt),
        CategoryModel: '',
        NetTypeModel: '',
      },
    };
  }),
};

const STATUSES: readonly string[] = ['dev', 'audit', 'released'] satisfies TencentProduct['devStatus'][];
const isStatus = (text: string): text is NonNullable<TencentProduct['devStatus']> => STATUSES.includes(text);

function checkName(name: string): void {
  if (!/^[a-zA-Z0-9:_-]{1,32}$/.test(name)) throw refusal('InvalidParameterValue', 'ProductName is not allowed: 1 to 32 of a–z, A–Z, 0–9, :, _ and - are expected.');
}

/** ProductEntry (10.6). */
function entry(product: TencentProduct, { registry }: NorthContext): object {
  return {
    ProductId: product.productId,
    ProductName: product.name,
    CategoryId: product.categoryId,
    EncryptionType: product.encryptionType,
    NetType: product.netType,
    DataProtocol: product.dataProtocol,
    ProductDesc: product.description ?? '',
    DevStatus: product.devStatus ?? 'dev',
    CreateTime: seconds(product.createdAt),
    UpdateTime: seconds(product.updatedAt),
    Region: 'ap-guangzhou',
    ProductType: product.productType,
    ProjectId: product.projectId,
    ModuleId: product.moduleId ?? 0,
    EnableProductScript: product.enableProductScript ?? 'false',
    BindStrategy: product.bindStrategy ?? 1,
    DeviceCount: registry.listDevices({ cloud: 'tencent', productId: product.productId, limit: 0 }).total,
    Rate: product.rate ?? '',
    Period: product.period ?? '',
    IsInterconnection: 0,
  };
}
