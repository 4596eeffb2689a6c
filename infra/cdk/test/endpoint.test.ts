import * as assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { App, Fn, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { Table, AttributeType } from 'aws-cdk-lib/aws-dynamodb';
import { IntrospectionEndpoint, IntrospectionEndpointProps } from '../lib';
import { OUTPUTS, PARAMETERS } from '../lib/props';
import { TEMPLATE } from '../lib/template';

// Any zip or folder will do.
const code = () => Code.fromAsset(join(__dirname, '..', '..', 'lib'));
const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const CERTIFICATE = 'arn:aws:acm:eu-west-1:123456789012:certificate/1234abcd-12ab-34cd-56ef-1234567890ab';
const BUS = 'arn:aws:events:eu-west-1:123456789012:event-bus/default';
const upper = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);

function endpoint(props: Partial<IntrospectionEndpointProps> = {}, context = {}) {
  const stack = new Stack(new App({ context }), 'introspection');
  const construct = new IntrospectionEndpoint(stack, 'Endpoint', { code: code(), defaultPolicy: 'audience', ...props });
  return { stack, construct };
}

type Statement = { Sid: string; Action: unknown; Resource: unknown };
function statements(template: Template, role: string): Statement[] {
  const { Properties } = template.toJSON().Resources[role];
  return Properties.Policies[0].PolicyDocument.Statement;
}

// What CDK's own rules for CloudFormation find is an error then.
const VALIDATED = { '@aws-cdk/core:validateAgainstDefaultRules': true };
const DEFAULTS = Template.fromStack(endpoint({}, VALIDATED).stack);
const EVERYTHING = endpoint({
  issuer: 'https://auth.example.com', domainName: 'i.example.com', domainCertificateArn: CERTIFICATE, tableKeyArn: KEY,
  replicaRegion: 'eu-central-1', replicaTableKeyArn: KEY, logKeyArn: KEY, signingKey: `kms:${KEY}`, signingKmsKeyArns: [KEY],
  noticeIssuers: ['https://a.example', 'https://b.example'], logoutIssuer: 'https://a.example', revocationEventBusArn: BUS,
  provisionedConcurrency: 2, deploymentType: 'Canary10Percent5Minutes', alarmTopicArn: 'arn:aws:sns:eu-west-1:123456789012:pages',
}, VALIDATED);
const ALL = Template.fromStack(EVERYTHING.stack);

test('each parameter and output of the template is a property of the same name', () => {
  assert.deepEqual(Object.keys(PARAMETERS).map(upper), Object.keys(TEMPLATE.Parameters));
  assert.deepEqual(Object.keys(OUTPUTS).map(upper), Object.keys(TEMPLATE.Outputs));
});

test('the resources are those of the template whose conditions hold, without one more', () => {
  const made = Object.entries(DEFAULTS.toJSON().Resources as Record<string, { Type: string }>);
  const types = Object.fromEntries(made.map(([name, { Type }]) => [name.replace(/(FunctionVersion).{10}$/, '$1'), Type]));
  const unconditional = Object.entries(TEMPLATE.Resources).filter(([, { Condition }]) => Condition === undefined);
  const tables = ['ClientsTable', 'TokensTable', 'StateTable'].map((name) => [name, TEMPLATE.Resources[name]] as const);
  const expected = [...unconditional, ...tables].map(([name, resource]) => [name, resource?.Type]);
  assert.deepEqual(types, Object.fromEntries(expected));
  // The stack of the other test has all that needs no contradiction.
  const all = Object.keys(ALL.toJSON().Resources);
  const missing = Object.keys(TEMPLATE.Resources).filter((name) => !all.some((other) => other.startsWith(name)));
  assert.deepEqual(missing, ['MtlsDomain', 'MtlsDomainMapping']);
});

test('what is kept and how the alias moves is as in the template', () => {
  const names = ['DeletionPolicy', 'UpdateReplacePolicy', 'UpdatePolicy'] as const;
  const policies = (resources: Record<string, object>) => Object.fromEntries(Object.entries(resources).map(([name, resource]) =>
    [name.replace(/(FunctionVersion).{10}$/, '$1'), names.map((policy) => (resource as Record<string, unknown>)[policy])]));
  const expected = policies(TEMPLATE.Resources);
  for (const [name, found] of Object.entries(policies(ALL.toJSON().Resources))) {
    assert.deepEqual(found, expected[name], name);
  }
  assert.deepEqual(expected['TokensTable'], ['Retain', 'Retain', undefined]);
});

test('a stack has no condition and no parameter of its own', () => {
  for (const template of [DEFAULTS, ALL]) {
    const { Conditions, Parameters } = template.toJSON();
    assert.equal(Conditions, undefined);
    assert.deepEqual(Object.keys(Parameters), ['BootstrapVersion']);
    assert.ok(!JSON.stringify(template.toJSON()).includes('Fn::If'));
  }
  Annotations.fromStack(EVERYTHING.stack).hasNoError('*', Match.anyValue());
});

test('every path reaches the function, and only this API may call it', () => {
  const routes = Object.values(DEFAULTS.findResources('AWS::ApiGatewayV2::Route')).map(({ Properties }) =>
    [Properties.RouteKey, Properties.AuthorizationType ?? 'NONE']);
  assert.deepEqual(routes, [['$default', 'NONE'], ['ANY /iam/{proxy+}', 'AWS_IAM']]);
  DEFAULTS.hasResourceProperties('AWS::Lambda::Permission', {
    Principal: 'apigateway.amazonaws.com', FunctionName: { Ref: 'IntrospectionFunctionAliaslive' },
  });
});

test('the function has the settings of the properties, and no more', () => {
  const variables = (template: Template) => {
    const found = template.findResources('AWS::Lambda::Function');
    return found['IntrospectionFunction']?.['Properties'].Environment.Variables;
  };
  const defaults = variables(DEFAULTS);
  assert.equal(defaults.DEFAULT_POLICY, 'audience');
  assert.deepEqual(defaults.ISSUER, { 'Fn::GetAtt': ['Api', 'ApiEndpoint'] });
  assert.deepEqual([defaults.SIGNING_KEY, defaults.REDIS_URL, defaults.MTLS_PUBLIC_URL], [undefined, undefined, undefined]);
  const all = variables(ALL);
  assert.equal(all.ISSUER, 'https://auth.example.com');
  assert.equal(all.SIGNING_KEY, `kms:${KEY}`);
});

test('the role has the permissions that the properties need, and no more', () => {
  const sids = (template: Template, role: string) => statements(template, role).map(({ Sid }) => Sid);
  const always = ['ReadRecords', 'WriteState', 'WriteMarks'];
  const logs = ['WriteLogs', 'WriteTraces'];
  assert.deepEqual(sids(DEFAULTS, 'FunctionRole'), [...always, ...logs]);
  const template = ALL;
  assert.deepEqual(sids(template, 'FunctionRole'),
    [...always, 'WriteReportedMarks', ...logs, 'DecryptTables', 'SignResponses']);
  assert.deepEqual(sids(template, 'RevocationPipeRole'), ['ReadStream', 'PutEvents', 'DecryptTables']);
  for (const { Sid, Resource } of statements(template, 'FunctionRole')) {
    assert.equal(Resource === '*', Sid === 'WriteTraces', Sid);
  }
});

test('every alarm pages, and the dashboard shows it', () => {
  const alarms = ALL.findResources('AWS::CloudWatch::Alarm');
  const expected = Object.entries(TEMPLATE.Resources).filter(([, { Type }]) => Type === 'AWS::CloudWatch::Alarm');
  assert.deepEqual(Object.keys(alarms).sort(), expected.map(([name]) => name).sort());
  const dashboard = JSON.stringify(ALL.findResources('AWS::CloudWatch::Dashboard'));
  for (const [name, { Properties }] of Object.entries(alarms)) {
    assert.deepEqual(Properties.AlarmActions, ['arn:aws:sns:eu-west-1:123456789012:pages'], name);
    assert.ok(dashboard.includes(name), name);
  }
});

test('a new setting or new code is a new version, which the alias moves to as the property says', () => {
  const version = (props: Partial<IntrospectionEndpointProps>) => {
    const found = Object.keys(Template.fromStack(endpoint(props).stack).findResources('AWS::Lambda::Version'));
    assert.equal(found.length, 1);
    return found[0];
  };
  const first = version({});
  assert.equal(version({}), first);
  assert.notEqual(version({ clockSkewSeconds: 11 }), first);
  assert.notEqual(version({ code: Code.fromAsset(__dirname) }), first);
  ALL.hasResourceProperties('AWS::CodeDeploy::DeploymentGroup', {
    DeploymentConfigName: { 'Fn::Sub': 'CodeDeployDefault.LambdaCanary10Percent5Minutes' },
  });
});

test('a table of the same app is an existing table', () => {
  const stack = new Stack(new App(), 'introspection');
  const clients = new Table(stack, 'Clients', { partitionKey: { name: 'client_id', type: AttributeType.STRING } });
  const { outputs } = new IntrospectionEndpoint(stack, 'Endpoint', {
    code: code(), defaultPolicy: 'audience', existingClientsTable: clients.tableName,
  });
  const template = Template.fromStack(stack);
  assert.equal(template.toJSON().Resources.ClientsTable, undefined);
  assert.deepEqual(stack.resolve(outputs.clientsTableName), stack.resolve(clients.tableName));
  const [read] = statements(template, 'FunctionRole');
  assert.match(JSON.stringify(read?.Resource), /:table\/.*Clients/);
});

test('a list that only the deployment knows is not checked and not empty', () => {
  const issuers = Fn.split(',', Fn.importValue('issuers'));
  const template = Template.fromStack(endpoint({ noticeIssuers: issuers }).stack);
  const written = statements(template, 'FunctionRole').find(({ Sid }) => Sid === 'WriteReportedMarks');
  assert.match(JSON.stringify(written), /"Fn::ImportValue":"issuers"/);
});

test('what the template would refuse is refused when the stack is synthesized', () => {
  const wrong: [Partial<IntrospectionEndpointProps>, RegExp][] = [
    [{ defaultPolicy: 'all' as 'any' }, /^DefaultPolicy is not one of any, audience$/],
    [{ clockSkewSeconds: 61 }, /^ClockSkewSeconds is not a number from 0 to 60$/],
    [{ noticeIssuers: ['https://a.example/*'] }, /^NoticeIssuers does not match /],
    [{ domainName: 'a.example', mtlsDomainName: 'b.example' }, /^Set DomainName or MtlsDomainName, and not both\.$/],
    [{ revocationEventBusArn: BUS, existingTokensTable: 'tokens' }, /^Set ExistingTokensStreamArn/],
    [{ redisUrl: 'redis://user:hunter2@example' }, /^RedisUrl does not match (?!.*hunter2)/],
  ];
  for (const [props, message] of wrong) {
    assert.throws(() => endpoint(props), (error: Error) => message.test(error.message), JSON.stringify(props));
  }
  assert.throws(() => endpoint({ defaultPolicy: undefined }), /^Error: DefaultPolicy has no default/);
});

test('a stack in which every table exists already creates none', () => {
  const stream = 'arn:aws:dynamodb:eu-west-1:123456789012:table/tokens/stream/2026-01-01T00:00:00.000';
  const { stack } = endpoint({
    existingClientsTable: 'clients', existingTokensTable: 'tokens', existingStateTable: 'state', existingTableKeyArns: [KEY],
    revocationEventBusArn: BUS, existingTokensStreamArn: stream,
  }, VALIDATED);
  const template = Template.fromStack(stack);
  assert.deepEqual(Object.values(template.toJSON().Resources as Record<string, { Type: string }>).filter(({ Type }) =>
    Type.startsWith('AWS::DynamoDB::')), []);
  template.hasResourceProperties('AWS::Pipes::Pipe', { Source: { 'Fn::Sub': stream }, Target: BUS });
  assert.deepEqual(statements(template, 'RevocationPipeRole').map(({ Resource }) => Resource), [{ 'Fn::Sub': stream }, BUS, [KEY]]);
});

test('outputs exist if their conditions hold', () => {
  assert.equal(endpoint().construct.outputs.domainTarget, undefined);
  assert.ok(endpoint().construct.outputs.introspectionEndpoint);
  assert.ok(EVERYTHING.construct.outputs.domainTarget);
  assert.ok(EVERYTHING.construct.outputs.tokensStreamArn);
});
