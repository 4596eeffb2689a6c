//! OAuth 2.0 Token Introspection (RFC 7662) as one AWS Lambda function over DynamoDB.
//!
//! `ARCHITECTURE.md` maps the modules and walks one request through them; [`service`] is where to start.

pub mod access;
pub mod arn;
pub mod audit;
pub mod auth;
pub mod auth_method;
pub mod call;
pub mod certificate;
pub mod connect;
pub mod digest;
pub mod issuers;
pub mod judge;
pub mod jwt;
pub mod lambda;
pub mod logging;
pub mod media_type;
pub mod metadata;
pub mod outcome;
pub mod policy;
pub mod profile;
pub mod proof;
pub mod records;
pub mod request;
pub mod response;
pub mod service;
pub mod settings;
pub mod signer;
pub mod spent;
pub mod store;
pub mod throttle;
pub mod token;
pub mod view;
