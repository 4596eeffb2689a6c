import { Code } from 'aws-cdk-lib/aws-lambda';

/** The parameters of template.yaml, with their names, defaults and rules. docs/deploy.md describes them. */
export interface IntrospectionEndpointProps {
  /** The function: the zip of `cargo lambda build --release --output-format zip`, or the folder that `sam build` makes. */
  readonly code: Code;

  /** Tokens that a client without introspection.audiences may see - any, or only those for its audience. */
  readonly defaultPolicy: 'any' | 'audience';
  /** Our own issuer identifier, byte for byte. Empty - https:// and DomainName or MtlsDomainName, otherwise the address of the API. */
  readonly issuer?: string;
  /** Base URL of the endpoints. Empty - https:// and DomainName or MtlsDomainName, otherwise the address of the API. */
  readonly publicUrl?: string;
  /** TRUSTED_ISSUERS, a JSON array. All environment variables of a function share 4 KB. Default: `[]`. */
  readonly trustedIssuers?: string;
  /** READ_CONSISTENCY. eventual - reads cost half as much, and a revocation usually takes effect within a second instead of on the next request. Default: `strong`. */
  readonly readConsistency?: 'strong' | 'eventual';
  /** HOT_RECORD_SECONDS. Above 0 - the caller's record and the iss#, kid# and client# marks are read less often, and a change to them takes effect up to that many seconds later. Default: `0`. */
  readonly hotRecordSeconds?: number;
  /** Exact origins, comma-separated. Empty - no CORS. */
  readonly corsAllowedOrigins?: string;
  /** Default: `10`. */
  readonly clockSkewSeconds?: number;
  /** Default: `300`. */
  readonly jwksRefreshSeconds?: number;
  /** Wrong credentials per client id and source address, each minute and environment, before 401 becomes 429. Default: `20`. */
  readonly failedAuthenticationLimit?: number;
  /** SIGNING_KEY, the keys of signed responses (RFC 9701), comma-separated; the first signs. Empty - nothing is signed. */
  readonly signingKey?: string;
  /** SIGNING_ALGORITHM, for RSA keys of SigningKey that do not name an algorithm. Default: `RS256`. */
  readonly signingAlgorithm?: 'RS256' | 'PS256';
  /** The ARNs of all KMS keys in SigningKey, so that the function may sign with them and read their public halves. */
  readonly signingKmsKeyArns?: string[];
  /** The ARNs of all secrets in SigningKey, so that the function may read them. */
  readonly signingSecretArns?: string[];
  /** REDIS_URL, to keep the tokens in Redis or Valkey. Prefer a dynamic reference to a secret. Empty - DynamoDB. */
  readonly redisUrl?: string;
  /** Subnets of a VPC for the function, as Redis needs them. They need routes to DynamoDB and the issuers' key hosts. Empty - no VPC. */
  readonly subnetIds?: string[];
  /** The function's security groups in that VPC. */
  readonly securityGroupIds?: string[];
  /** Default: `info`. */
  readonly logLevel?: 'error' | 'warn' | 'info' | 'debug' | 'trace';
  /** The function's log holds the audit records. Default: `90`. */
  readonly logRetentionDays?: number;
  /** Default: `arm64`. */
  readonly architecture?: 'arm64' | 'x86_64';
  /** Megabytes. Lambda grants CPU in proportion. Default: `256`. */
  readonly memorySize?: number;
  /** Execution environments reserved for this function, which is also its limit. Empty - none. */
  readonly reservedConcurrency?: string;
  /** How calls move to a new version. An alarm on errors during it moves them back. Default: `AllAtOnce`. */
  readonly deploymentType?: 'AllAtOnce' | 'Canary10Percent5Minutes' | 'Canary10Percent10Minutes' | 'Canary10Percent15Minutes' | 'Canary10Percent30Minutes' | 'Linear10PercentEvery1Minute' | 'Linear10PercentEvery2Minutes' | 'Linear10PercentEvery3Minutes' | 'Linear10PercentEvery10Minutes';
  /** Execution environments that are always ready. 0 - none. Default: `0`. */
  readonly provisionedConcurrency?: number;
  /** Requests a second on average. Above, the gateway answers 429 without calling the function. Default: `1000`. */
  readonly throttlingRateLimit?: number;
  /** Default: `2000`. */
  readonly throttlingBurstLimit?: number;
  /** Customer managed KMS key (not an alias) for the tables. Empty - the AWS managed key of DynamoDB. */
  readonly tableKeyArn?: string;
  /** Name of an existing table of clients in this Region and account, such as an authorization server's. Empty - one is created. */
  readonly existingClientsTable?: string;
  /** Name of an existing table of tokens and marks in this Region and account, such as a replica. Empty - one is created. */
  readonly existingTokensTable?: string;
  /** Name of an existing state table in this Region and account, which only functions of this service may write. Empty - one is created. */
  readonly existingStateTable?: string;
  /** The ARNs of the customer managed KMS keys (not aliases) of the existing tables. Empty - they have none. */
  readonly existingTableKeyArns?: string[];
  /** Another Region with a replica of the created clients and tokens tables. Empty - none. */
  readonly replicaRegion?: string;
  /** Customer managed KMS key of ReplicaRegion for the replicas. Required with TableKeyArn. */
  readonly replicaTableKeyArn?: string;
  /** A third Region with a replica. Empty - none. */
  readonly secondReplicaRegion?: string;
  /** Customer managed KMS key of SecondReplicaRegion for the replicas. Required with TableKeyArn. */
  readonly secondReplicaTableKeyArn?: string;
  /** Event bus that gets an event for each revocation, so that gateways drop the token from their caches. Empty - none. */
  readonly revocationEventBusArn?: string;
  /** The stream of ExistingTokensTable with new images. Required with RevocationEventBusArn and ExistingTokensTable. */
  readonly existingTokensStreamArn?: string;
  /** Customer managed KMS key for the logs. Its policy must allow CloudWatch Logs to use it. Empty - the key of CloudWatch Logs. */
  readonly logKeyArn?: string;
  /** A domain of the API without mutual TLS. Empty - none. */
  readonly domainName?: string;
  /** The ACM certificate of DomainName, in this Region. */
  readonly domainCertificateArn?: string;
  /** A domain that requires a certificate from every caller. Empty - none. */
  readonly mtlsDomainName?: string;
  /** The ACM certificate of MtlsDomainName. */
  readonly mtlsCertificateArn?: string;
  /** The truststore for callers' certificates (PEM, in S3). The gateway does not check their revocation. */
  readonly mtlsTruststoreUri?: string;
  /** MTLS_METHOD, the one method for certificates at MtlsDomainName. The truststore cannot tell the two apart. Default: `tls_client_auth`. */
  readonly mtlsMethod?: 'tls_client_auth' | 'self_signed_tls_client_auth';
  /** The issuer whose logout handler may revoke sessions. Empty - no policy. */
  readonly logoutIssuer?: string;
  /** Issuers with logout_audiences or event_audiences in TrustedIssuers, whose sessions and subjects the function may revoke when they report it. Empty - none. */
  readonly noticeIssuers?: string[];
  /** GLOBAL_REVOCATION_ISSUERS, the issuers whose subjects callers may revoke if their records allow it. Empty - none. */
  readonly globalRevocationIssuers?: string[];
  /** SNS topic that the alarms notify. Empty - they only change state. */
  readonly alarmTopicArn?: string;
}

/** The outputs of template.yaml. The optional ones exist if the properties ask for what they describe. */
export interface IntrospectionEndpointOutputs {
  readonly introspectionEndpoint: string;
  readonly apiAddress: string;
  readonly apiId: string;
  /** What the DNS record of DomainName points to. */
  readonly domainTarget?: string;
  /** The hosted zone of DomainTarget, for an alias record. */
  readonly domainHostedZoneId?: string;
  /** What the DNS record of MtlsDomainName points to. */
  readonly mtlsDomainTarget?: string;
  /** The hosted zone of MtlsDomainTarget, for an alias record. */
  readonly mtlsDomainHostedZoneId?: string;
  readonly clientsTableName: string;
  readonly clientsTableArn: string;
  readonly tokensTableName: string;
  readonly tokensTableArn: string;
  readonly stateTableName: string;
  readonly stateTableArn: string;
  /** The stream of the tokens table, if this stack created both. */
  readonly tokensStreamArn?: string;
  readonly functionName: string;
  readonly functionArn: string;
  readonly functionAliasArn: string;
  /** For the policies of keys, secrets and networks. */
  readonly functionRoleArn: string;
  readonly functionLogGroupName: string;
  readonly accessLogGroupName: string;
  readonly metricsNamespace: string;
  readonly dashboardUrl: string;
  readonly authorizationServerPolicyArn: string;
  readonly logoutHandlerPolicyArn?: string;
  /** The source of its events, for the patterns of rules. */
  readonly revocationEventSource?: string;
}

/** Every property that is a parameter. The compiler rejects a missing or an unknown one; a test compares them with the template. */
export const PARAMETERS = {
  defaultPolicy: true,
  issuer: true,
  publicUrl: true,
  trustedIssuers: true,
  readConsistency: true,
  hotRecordSeconds: true,
  corsAllowedOrigins: true,
  clockSkewSeconds: true,
  jwksRefreshSeconds: true,
  failedAuthenticationLimit: true,
  signingKey: true,
  signingAlgorithm: true,
  signingKmsKeyArns: true,
  signingSecretArns: true,
  redisUrl: true,
  subnetIds: true,
  securityGroupIds: true,
  logLevel: true,
  logRetentionDays: true,
  architecture: true,
  memorySize: true,
  reservedConcurrency: true,
  deploymentType: true,
  provisionedConcurrency: true,
  throttlingRateLimit: true,
  throttlingBurstLimit: true,
  tableKeyArn: true,
  existingClientsTable: true,
  existingTokensTable: true,
  existingStateTable: true,
  existingTableKeyArns: true,
  replicaRegion: true,
  replicaTableKeyArn: true,
  secondReplicaRegion: true,
  secondReplicaTableKeyArn: true,
  revocationEventBusArn: true,
  existingTokensStreamArn: true,
  logKeyArn: true,
  domainName: true,
  domainCertificateArn: true,
  mtlsDomainName: true,
  mtlsCertificateArn: true,
  mtlsTruststoreUri: true,
  mtlsMethod: true,
  logoutIssuer: true,
  noticeIssuers: true,
  globalRevocationIssuers: true,
  alarmTopicArn: true,
} as const satisfies Record<Exclude<keyof IntrospectionEndpointProps, 'code'>, true>;

/** Every output, likewise. */
export const OUTPUTS = {
  introspectionEndpoint: true,
  apiAddress: true,
  apiId: true,
  domainTarget: true,
  domainHostedZoneId: true,
  mtlsDomainTarget: true,
  mtlsDomainHostedZoneId: true,
  clientsTableName: true,
  clientsTableArn: true,
  tokensTableName: true,
  tokensTableArn: true,
  stateTableName: true,
  stateTableArn: true,
  tokensStreamArn: true,
  functionName: true,
  functionArn: true,
  functionAliasArn: true,
  functionRoleArn: true,
  functionLogGroupName: true,
  accessLogGroupName: true,
  metricsNamespace: true,
  dashboardUrl: true,
  authorizationServerPolicyArn: true,
  logoutHandlerPolicyArn: true,
  revocationEventSource: true,
} as const satisfies Record<keyof IntrospectionEndpointOutputs, true>;
