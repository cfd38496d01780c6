// The official Node SDK against the emulator: it signs, pages, filters and parses errors as with the real API.
//
// Usage: node node_sdk.js HOST:PORT, where its modules can be found. The world is the one in tests/sdk.rs. Prints one
// line per check and fails on the first that does not hold.

const assert = require('node:assert');
const { createRequire } = require('node:module');

const find = createRequire(process.cwd() + '/');
const vpc = find('@alicloud/vpc20160428');
const { $OpenApiUtil } = find('@alicloud/openapi-core');

const REGION = 'cn-shanghai';
const ENDPOINT = process.argv[2];

function check(what, found, expected) {
  assert.deepStrictEqual(found, expected, what);
  console.log(`ok ${what}`);
}

async function failure(call) {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error('the call did not fail');
}

async function sdk(name, settings) {
  const client = (accessKeySecret = 'emulator-secret') =>
    new vpc.default(new $OpenApiUtil.Config({
      accessKeyId: 'emulator', accessKeySecret, endpoint: ENDPOINT, protocol: 'http', regionId: REGION, ...settings,
    }));
  const deactivate = (routerInterfaceId, through) =>
    through.deactivateRouterInterface(new vpc.DeactivateRouterInterfaceRequest({ regionId: REGION, routerInterfaceId }));

  const ours = client();
  const page = (await ours.describeRouterInterfaces(new vpc.DescribeRouterInterfacesRequest({
    regionId: REGION,
    pageSize: 50,
    filter: [
      new vpc.DescribeRouterInterfacesRequestFilter({ key: 'RouterInterfaceId', value: ['ri-0', 'ri-1'] }),
      new vpc.DescribeRouterInterfacesRequestFilter({ key: 'Name', value: ['uplink ä+*~/1'] }),
    ],
  }))).body;
  const rows = page.routerInterfaceSet.routerInterfaceType;
  check(`${name} lists`, [page.totalCount, rows.map((row) => row.routerInterfaceId)], [1, ['ri-1']]);
  check(`${name} reads tags`, rows[0].tags.tags.map((tag) => [tag.key, tag.value]), [['env', 'prod']]);
  check(`${name} is accepted`, (await deactivate(`ri-node-${name}`, ours)).body.requestId.length, 36);

  let error = await failure(() => deactivate(`ri-node-${name}`, ours));
  check(`${name} parses an error`, [error.statusCode, error.code], [400, 'IncorrectRIStatus']);
  check(`${name} reads its text`, error.message.includes("only when it's status is Active."), true);
  error = await failure(() => deactivate('ri-none', ours));
  check(`${name} parses a 404`, [error.statusCode, error.code], [404, 'InvalidRouterInterfaceId.NotFound']);
  error = await failure(() => deactivate('ri-0', client('not the secret')));
  check(`${name} parses a wrong signature`, [error.statusCode, error.code], [400, 'SignatureDoesNotMatch']);
  const activate = new vpc.ActivateRouterInterfaceRequest({ regionId: REGION, routerInterfaceId: 'ri-0' });
  error = await failure(() => ours.activateRouterInterface(activate));
  check(`${name} parses throttling`, [error.code, error.retryAfter], ['Throttling.User', 1500]);
}

(async () => {
  await sdk('v3', {});
  await sdk('v1', { signatureAlgorithm: 'v2' });
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
