import { isLianyunError, stringifyExact, tencentModelCode, type JsonObject } from '@lianyun/protocol';
import type { TencentProduct } from '../../records.ts';
import type { NorthContext } from '../context.ts';
import { refusal } from '../refusal.ts';
import { action, productOf, renamed, seconds } from './action.ts';
import { objectIn } from './parameters.ts';

/** The products' actions (10.6). */
export const productActions = {
  // There are no projects here, and one way to connect: what the cloud's console asks for has a default.
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
      });
      return { Product: entry(productOf(productId, context), context) };
    },
  ),

  DescribeStudioProduct: action({ ProductId: 'text' }, (p, context) => ({ Product: entry(productOf(p.ProductId, context), context) })),

  // There are no projects here: every product is in whichever one is asked for.
  GetStudioProductList: action({ ProjectId: 'text?', DevStatus: 'text?', Offset: 'integer?', Limit: 'integer?' }, (p, context) => {
    const { Offset: offset = 0, Limit: limit = 10 } = p;
    if (offset < 0) throw refusal('InvalidParameterValue', 'Offset is not allowed: 0 or more is expected.');
    if (limit < 1 || limit > 100) throw refusal('InvalidParameterValue', 'Limit is not allowed: 1 to 100 is expected.');
    const { items, total } = context.registry.listProducts({ cloud: 'tencent', offset, limit });
    return { Products: items.flatMap((each) => (each.cloud === 'tencent' ? [entry(each, context)] : [])), Total: total };
  }),

  ModifyStudioProduct: action({ ProductId: 'text', ProductName: 'text?', ProductDesc: 'text?', ModuleId: 'integer?', EnableProductScript: 'text?', BindStrategy: 'integer?' }, (p, context) => {
    productOf(p.ProductId, context);
    if (p.ProductName !== undefined) checkName(p.ProductName);
    context.registry.updateProduct('tencent', p.ProductId, { ...(p.ProductName === undefined ? {} : { name: p.ProductName }), ...(p.ProductDesc === undefined ? {} : { description: p.ProductDesc }) });
    return { Product: entry(productOf(p.ProductId, context), context) };
  }),

  DeleteStudioProduct: action({ ProductId: 'text' }, (p, context) => {
    productOf(p.ProductId, context);
    renamed({ conflict: 'UnsupportedOperation.DevicesExistUnderProduct' }, () => context.registry.deleteProduct('tencent', p.ProductId));
    return {};
  }),

  ModifyModelDefinition: action({ ProductId: 'text', ModelSchema: 'text' }, (p, context) => {
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
    DevStatus: 'dev',
    CreateTime: seconds(product.createdAt),
    UpdateTime: seconds(product.updatedAt),
    Region: 'ap-guangzhou',
    ProductType: product.productType,
    ProjectId: product.projectId,
    ModuleId: 0,
    EnableProductScript: 'false',
    BindStrategy: 1,
    DeviceCount: registry.listDevices({ cloud: 'tencent', productId: product.productId, limit: 0 }).total,
    Rate: '',
    Period: '',
    IsInterconnection: 0,
  };
}
