import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Token } from 'aws-cdk-lib';

/** A value of a parameter: a list is one of `CommaDelimitedList`. */
export type Value = string | number | string[];

interface Parameter {
  readonly Type: 'String' | 'Number' | 'CommaDelimitedList';
  readonly Default?: string | number;
  readonly AllowedPattern?: string;
  readonly AllowedValues?: (string | number)[];
  readonly MinValue?: number;
  readonly MaxValue?: number;
}

type Condition = { readonly [name: string]: string | (Condition | string)[] };

interface Conditional {
  readonly Condition?: string;
}

interface Rule {
  readonly RuleCondition: Condition;
  readonly Assertions: { readonly Assert: Condition; readonly AssertDescription: string }[];
}

const ROOT = join(__dirname, '..', '..');

/** template.yaml after the transform of SAM, which tests/template/test_infra.py of the repository writes. */
export const TEMPLATE: {
  readonly Parameters: { readonly [name: string]: Parameter };
  readonly Conditions: { readonly [name: string]: Condition };
  readonly Resources: { readonly [name: string]: Conditional & { readonly Type: string; readonly Properties: object } };
  readonly Outputs: { readonly [name: string]: Conditional };
} = JSON.parse(readFileSync(join(ROOT, 'endpoint.json'), 'utf8'));

/** CloudFormation evaluates them for parameters. Here they are evaluated for properties, when the stack is synthesized. */
const RULES: { readonly [name: string]: Rule } = JSON.parse(readFileSync(join(ROOT, 'rules.json'), 'utf8'));

/** The value of each parameter: what is given, or the default. Throws if the template would refuse a value. */
export function parameterValues(given: { readonly [name: string]: Value | undefined }): { [name: string]: Value } {
  const values: { [name: string]: Value } = {};
  for (const [name, parameter] of Object.entries(TEMPLATE.Parameters)) {
    const value = given[name] ?? parameter.Default;
    if (value === undefined) {
      throw new Error(`${name} has no default, so a value is required`);
    }
    check(name, parameter, value);
    // An empty parameter of this type is a list with one empty text.
    const list = Array.isArray(value) ? (value.length === 0 ? [''] : value) : String(value).split(',');
    values[name] = parameter.Type === 'CommaDelimitedList' ? list : value;
  }
  for (const rule of Object.values(RULES)) {
    for (const { Assert, AssertDescription } of holds(rule.RuleCondition, values) ? rule.Assertions : []) {
      if (!holds(Assert, values)) {
        throw new Error(AssertDescription);
      }
    }
  }
  return values;
}

function check(name: string, parameter: Parameter, value: Value): void {
  for (const item of Array.isArray(value) && !Token.isUnresolved(value) ? value : [value]) {
    // A value that only the deployment knows cannot be checked here.
    if (Token.isUnresolved(item)) {
      continue;
    }
    const { AllowedPattern, AllowedValues, MinValue, MaxValue } = parameter;
    if (AllowedPattern !== undefined && !new RegExp(AllowedPattern).test(String(item))) {
      // The value may be a secret.
      throw new Error(`${name} does not match ${AllowedPattern}`);
    }
    if (AllowedValues !== undefined && !AllowedValues.map(String).includes(String(item))) {
      throw new Error(`${name} is not one of ${AllowedValues.join(', ')}`);
    }
    if (parameter.Type === 'Number') {
      const number = Number(item);
      if (Number.isNaN(number) || number < (MinValue ?? -Infinity) || number > (MaxValue ?? Infinity)) {
        throw new Error(`${name} is not a number from ${MinValue ?? 'any'} to ${MaxValue ?? 'any'}`);
      }
    }
  }
}

/** The template with what these values leave of its conditions, so that the stack has no condition of its own. */
export function withoutConditions(values: { readonly [name: string]: Value }): { readonly Resources: object; readonly Outputs: object } {
  const kept = (items: { readonly [name: string]: Conditional }) => {
    const entries = Object.entries(items).filter(([, item]) =>
      item.Condition === undefined || holds({ Condition: item.Condition }, values));
    return Object.fromEntries(entries.map(([name, { Condition: _, ...item }]) => [name, chosen(item, values)]));
  };
  const { Conditions: _, ...template } = TEMPLATE;
  return { ...template, Resources: kept(TEMPLATE.Resources), Outputs: kept(TEMPLATE.Outputs) };
}

/** A value of the template without `Fn::If`. Undefined means that it has no value. */
function chosen(value: unknown, values: { readonly [name: string]: Value }): unknown {
  if (Array.isArray(value)) {
    return value.map((item) => chosen(item, values)).filter((item) => item !== undefined);
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  if ('Ref' in value && value.Ref === 'AWS::NoValue') {
    return undefined;
  }
  if ('Fn::If' in value) {
    const [condition, one, other] = value['Fn::If'] as [string, unknown, unknown];
    return chosen(holds({ Condition: condition }, values) ? one : other, values);
  }
  const members = Object.entries(value).map(([name, member]) => [name, chosen(member, values)] as const);
  return Object.fromEntries(members.filter(([, member]) => member !== undefined));
}

function holds(condition: Condition, values: { readonly [name: string]: Value }): boolean {
  const [[name, operands] = ['', []]] = Object.entries(condition);
  if (typeof operands === 'string') {
    const named = TEMPLATE.Conditions[operands];
    if (named === undefined) {
      throw new Error(`there is no condition ${operands}`);
    }
    return holds(named, values);
  }
  const nested = () => operands.map((operand) => holds(operand as Condition, values));
  switch (name) {
    case 'Fn::Equals': {
      const [left, right] = operands.map((operand) => text(operand, values));
      return left === right;
    }
    case 'Fn::Not':
      return !nested()[0];
    case 'Fn::And':
      return nested().every(Boolean);
    case 'Fn::Or':
      return nested().some(Boolean);
    default:
      throw new Error(`${name} is not known in a condition`);
  }
}

/** An operand of `Fn::Equals`: a text, a parameter, or the items of one. What only the deployment knows is not empty. */
function text(operand: unknown, values: { readonly [name: string]: Value }): string {
  if (typeof operand !== 'object' || operand === null) {
    return String(operand);
  }
  if ('Fn::Join' in operand) {
    const [separator, list] = operand['Fn::Join'] as [string, { Ref: string }];
    return ([] as unknown[]).concat(values[list.Ref]).join(separator);
  }
  return String(values[(operand as { Ref: string }).Ref]);
}
