// A link's life through Node's SDKs: prints one line an operation, `NAME ok` or `NAME failed: WHY`.
//
// Usage: node life.js CLIENT SCHEME HOST:PORT, where CLIENT is vpc20160428 (V3) or pop-core (V1, a form), and the modules can be
// found from the working directory. See run.py beside this directory.

const assert = require('node:assert');
const { createRequire } = require('node:module');

const find = createRequire(process.cwd() + '/');
const [kind, scheme, endpoint] = process.argv.slice(2);
const REGION = 'cn-shanghai';
const ACCOUNT = '1234567890123456';
const router = (of) => `${of}-${kind.replace(/[^a-z0-9]/g, '')}${scheme}`;

/** Makes a function that calls an action with its parameters and returns the answer's fields, by the API's names. */
function caller() {
  if (kind === 'pop-core') {
    const Client = find('@alicloud/pop-core');
    const client = new Client({
      accessKeyId: 'emulator', accessKeySecret: 'emulator-secret', endpoint: `${scheme}://${endpoint}`, apiVersion: '2016-04-28',
    });
    return (action, parameters) => client.request(action, { RegionId: REGION, ...parameters }, { method: 'POST' });
  }
  const vpc = find('@alicloud/vpc20160428');
  const { $OpenApiUtil } = find('@alicloud/openapi-core');
  const client = new vpc.default(new $OpenApiUtil.Config({
    accessKeyId: 'emulator', accessKeySecret: 'emulator-secret', endpoint, protocol: scheme, regionId: REGION,
  }));
  const small = (name) => name[0].toLowerCase() + name.slice(1);
  const upper = (value) => {
    if (Array.isArray(value)) return value.map(upper);
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [name[0].toUpperCase() + name.slice(1), upper(field)]));
  };
  return async (action, parameters) => {
    const fields = { regionId: REGION };
    for (const [name, value] of Object.entries(parameters)) {
      const filter = name.match(/^Filter\.1\.(Key|Value)/);
      if (!filter) fields[small(name)] = value;
    }
    if (parameters['Filter.1.Key']) {
      const values = Object.keys(parameters).filter((name) => name.startsWith('Filter.1.Value')).map((name) => parameters[name]);
      fields.filter = [new vpc.DescribeRouterInterfacesRequestFilter({ key: parameters['Filter.1.Key'], value: values })];
    }
    const answer = await client[small(action)](new vpc[`${action}Request`](fields));
    return upper(JSON.parse(JSON.stringify(answer.body)));
  };
}

const call = caller();

async function wait(id, wanted) {
  for (let turn = 0; turn < 100; turn += 1) {
    const status = (await call('DescribeRouterInterfaceAttribute', { InstanceId: id })).Status;
    if (status === wanted) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`${id} is not ${wanted}`);
}

let initiator;
let acceptor;
const OPERATIONS = {
  async create() {
    const border = {
      Role: 'InitiatingSide', RouterType: 'VBR', RouterId: router('vbr'), AccessPointId: 'ap-1', Spec: 'Small.1', OppositeRegionId: REGION,
      OppositeRouterType: 'VRouter', OppositeRouterId: router('vrt'), ClientToken: router('token'),
    };
    initiator = (await call('CreateRouterInterface', border)).RouterInterfaceId;
    assert.strictEqual((await call('CreateRouterInterface', border)).RouterInterfaceId, initiator, 'a ClientToken made two');
    acceptor = (await call('CreateRouterInterface', {
      Role: 'AcceptingSide', RouterType: 'VRouter', RouterId: router('vrt'), Spec: 'Negative', OppositeRegionId: REGION,
      OppositeRouterType: 'VBR', OppositeRouterId: router('vbr'), OppositeAccessPointId: 'ap-1',
    })).RouterInterfaceId;
  },
  async modify() {
    for (const [id, other, type, of] of [[acceptor, initiator, 'VBR', 'vbr'], [initiator, acceptor, 'VRouter', 'vrt']]) {
      await call('ModifyRouterInterfaceAttribute', {
        RouterInterfaceId: id, Name: 'from-node', OppositeInterfaceId: other, OppositeRouterId: router(of), OppositeRouterType: type,
        OppositeInterfaceOwnerId: ACCOUNT,
      });
      await wait(id, 'Idle');
    }
  },
  async connect() {
    await call('ConnectRouterInterface', { RouterInterfaceId: initiator });
    await wait(initiator, 'Active');
    await wait(acceptor, 'Active');
  },
  async describe() {
    const page = await call('DescribeRouterInterfaces', {
      PageSize: 50, 'Filter.1.Key': 'RouterInterfaceId', 'Filter.1.Value.1': initiator, 'Filter.1.Value.2': acceptor,
    });
    const rows = page.RouterInterfaceSet.RouterInterfaceType;
    assert.deepStrictEqual(rows.map((row) => row.Status), ['Active', 'Active']);
    assert.deepStrictEqual(rows.map((row) => row.Bandwidth), [10, 0]);
  },
  async deactivate() {
    await call('DeactivateRouterInterface', { RouterInterfaceId: initiator });
    await wait(initiator, 'Inactive');
  },
  async activate() {
    await call('ActivateRouterInterface', { RouterInterfaceId: initiator });
    await wait(initiator, 'Active');
  },
  async delete() {
    for (const id of [initiator, acceptor]) {
      await call('DeactivateRouterInterface', { RouterInterfaceId: id });
      await wait(id, 'Inactive');
    }
    for (const id of [initiator, acceptor]) {
      await call('DeleteRouterInterface', { RouterInterfaceId: id });
      await wait(id, undefined);
    }
  },
};

(async () => {
  for (const [name, act] of Object.entries(OPERATIONS)) {
    try {
      await act();
      console.log(`${name} ok`);
    } catch (error) {
      console.log(`${name} failed: ${String(error).replace(/\n/g, ' ')}`);
      return;
    }
  }
})();
