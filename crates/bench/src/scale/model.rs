//! The limits and assumptions of the simulation, each with its source. What was measured is in `measured.tsv`.

/// One row of docs/scale.md.
pub struct Figure {
    pub what: &'static str,
    pub value: f64,
    pub unit: &'static str,
    pub source: &'static str,
}

const fn figure(what: &'static str, value: f64, unit: &'static str, source: &'static str) -> Figure {
    Figure { what, value, unit, source }
}

pub const PARTITION_READS: Figure = figure(
    "one partition of DynamoDB, and so one item",
    3000.0,
    "read units a second",
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html",
);
pub const PARTITION_WRITES: Figure = figure(
    "the same for writes of up to 1 KB",
    1000.0,
    "write units a second",
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html",
);
pub const TABLE_READS: Figure = figure(
    "one on-demand table, default quota",
    40_000.0,
    "read units a second",
    "https://aws.amazon.com/blogs/database/introducing-configurable-maximum-throughput-for-amazon-dynamodb-on-demand/",
);
pub const CONCURRENCY: Figure = figure(
    "Lambda, all functions of an account and Region, default quota",
    1000.0,
    "environments at once",
    "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html",
);
pub const REQUESTS_PER_CONCURRENCY: Figure = figure(
    "Lambda, requests a second for each environment of the quota",
    10.0,
    "requests a second",
    "https://rate-limits.apis.io/rate-limits/aws-lambda/aws-lambda-rate-limits/",
);
pub const SCALING: Figure = figure(
    "Lambda, new environments of one function in 10 s, refilled continuously",
    1000.0,
    "environments",
    "https://docs.aws.amazon.com/lambda/latest/dg/scaling-behavior.html",
);
pub const GATEWAY_RATE: Figure = figure(
    "API Gateway, all APIs of an account and Region, default quota",
    10_000.0,
    "requests a second",
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html",
);
pub const GATEWAY_BURST: Figure = figure(
    "API Gateway, burst",
    5000.0,
    "requests",
    "https://rate-limits.apis.io/rate-limits/aws-api-gateway/aws-api-gateway-rate-limits/",
);
pub const VCPU_MEMORY: Figure = figure(
    "Lambda, memory that has the equivalent of one vCPU",
    1769.0,
    "MB",
    "https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html",
);

pub const LIMITS: [&Figure; 9] = [
    &PARTITION_READS,
    &PARTITION_WRITES,
    &TABLE_READS,
    &CONCURRENCY,
    &REQUESTS_PER_CONCURRENCY,
    &SCALING,
    &GATEWAY_RATE,
    &GATEWAY_BURST,
    &VCPU_MEMORY,
];

const ASSUMED: &str = "assumed";

pub const READ_MEDIAN: Figure = figure("a `BatchGetItem`, median; sigma 0.5, so p99 is 12.8 ms", 4.0, "ms", ASSUMED);
pub const LATENCY_SIGMA: f64 = 0.5;
pub const WRITE_MEDIAN: Figure = figure("a conditional `PutItem`, median; sigma 0.5", 6.0, "ms", ASSUMED);
pub const FETCH_MEDIAN: Figure = figure("a fetch from a key host, with TLS, median; sigma 0.5", 60.0, "ms", ASSUMED);
pub const CREATION_MEDIAN: Figure =
    figure("creating an environment, before our init begins, median; sigma 0.3", 200.0, "ms", ASSUMED);
pub const CREATION_SIGMA: f64 = 0.3;
pub const CALLERS: Figure = figure("callers, with Zipf exponent 1", 100.0, "", ASSUMED);
pub const CLIENTS: Figure = figure("clients that tokens were issued to, with Zipf exponent 1", 1000.0, "", ASSUMED);
pub const TOKENS: Figure = figure("tokens, each of its own subject, with Zipf exponent 0.8", 1_000_000.0, "", ASSUMED);
pub const TOKEN_EXPONENT: f64 = 0.8;
pub const ISSUERS: Figure = figure("issuers, with one signing key", 1.0, "", ASSUMED);

pub const ASSUMPTIONS: [&Figure; 8] =
    [&READ_MEDIAN, &WRITE_MEDIAN, &FETCH_MEDIAN, &CREATION_MEDIAN, &CALLERS, &CLIENTS, &TOKENS, &ISSUERS];

/// An answer is due after this time, in seconds (docs/settings.md, "Fixed limits").
pub const DEADLINE: f64 = 1.8;
/// The pauses before unprocessed keys are requested again: doubled from the first to the last, in seconds.
pub const PAUSES: (f64, f64) = (0.02, 0.2);
/// How often the SDK tries a request that is refused as a whole.
pub const ATTEMPTS: u32 = 3;
/// `JWKS_REFRESH_SECONDS`.
pub const REFRESH: i64 = 300;
/// The template's `MemorySize`, and its throttle of the stage.
pub const MEMORY_MB: f64 = 256.0;
pub const STAGE_RATE: f64 = 1000.0;
