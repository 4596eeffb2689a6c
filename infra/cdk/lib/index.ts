import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Stack } from 'aws-cdk-lib';
import { CfnFunction, CfnVersion } from 'aws-cdk-lib/aws-lambda';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import { Construct } from 'constructs';
import { IntrospectionEndpointOutputs, IntrospectionEndpointProps, OUTPUTS, PARAMETERS } from './props';
import { parameterValues, TEMPLATE, Value, withoutConditions } from './template';

export { IntrospectionEndpointOutputs, IntrospectionEndpointProps } from './props';

/**
 * The token introspection endpoint: every resource of template.yaml, with the same logical ids.
 *
 * A stack has room for one, because the API, the dashboard and the metrics have the stack's name.
 */
export class IntrospectionEndpoint extends Construct {
  /** The resources, for what the properties do not cover: `endpoint.resources.getResource('FunctionRole')`. */
  readonly resources: CfnInclude;
  readonly outputs: IntrospectionEndpointOutputs;

  constructor(scope: Construct, id: string, props: IntrospectionEndpointProps) {
    super(scope, id);
    const given = Object.keys(PARAMETERS) as (keyof typeof PARAMETERS)[];
    const parameters = parameterValues(
      Object.fromEntries(given.map((name) => [upper(name), props[name] as Value | undefined])));
    const template = withoutConditions(parameters);
    this.resources = include(this, template, parameters);

    const code = props.code.bind(this);
    if (code.s3Location === undefined) {
      throw new Error('code is neither a file nor an object in S3');
    }
    const { bucketName, objectKey, objectVersion } = code.s3Location;
    const endpoint = this.resources.getResource('IntrospectionFunction') as CfnFunction;
    endpoint.code = { s3Bucket: bucketName, s3Key: objectKey, s3ObjectVersion: objectVersion };
    props.code.bindToResource(endpoint);

    // A version never changes, so each change of the code or the settings needs one with another logical id. The transform
    // of SAM does the same.
    const stack = Stack.of(this);
    const settings = TEMPLATE.Resources['IntrospectionFunction']?.Properties ?? {};
    const content = JSON.stringify(stack.resolve([objectKey, objectVersion ?? '', parameters, settings]));
    const hash = createHash('sha256').update(content).digest('hex').slice(0, 10);
    const version = this.resources.getResource('IntrospectionFunctionVersion') as CfnVersion;
    version.overrideLogicalId(`IntrospectionFunctionVersion${hash}`);

    const outputs = Object.keys(OUTPUTS).filter((name) => upper(name) in template.Outputs);
    const values = outputs.map((name) => [name, this.resources.getOutput(upper(name)).value as string]);
    this.outputs = Object.fromEntries(values) as IntrospectionEndpointOutputs;
  }
}

/** The resources of a template, which `CfnInclude` reads only from a file. */
function include(scope: Construct, template: object, parameters: { [name: string]: Value }): CfnInclude {
  const folder = mkdtempSync(join(tmpdir(), 'token-introspection-'));
  try {
    const templateFile = join(folder, 'endpoint.json');
    writeFileSync(templateFile, JSON.stringify(template));
    return new CfnInclude(scope, 'Template', { templateFile, parameters });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The name in the template of a property or an output. */
function upper(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
