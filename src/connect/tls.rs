//! The TLS configuration of all connections, with the root certificates that the system trusts.

use std::{
    fs, io,
    sync::{Arc, LazyLock},
};

use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs, pki_types::CertificateDer};
use rustls_native_certs::load_native_certs;

use crate::jwt::decode_pem;

/// Loading the certificates costs more than the rest of a cold start, so it happens once per process.
static CONFIG: LazyLock<Option<ClientConfig>> = LazyLock::new(|| {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(trusted_certificates());
    if roots.is_empty() {
        return None;
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    Some(builder.with_safe_default_protocol_versions().ok()?.with_root_certificates(roots).with_no_client_auth())
});

/// The configuration. All connections share its root certificates.
///
/// # Errors
///
/// Returns an error if no root certificate can be loaded.
pub fn config() -> io::Result<ClientConfig> {
    CONFIG.clone().ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "there are no root certificates"))
}

/// Those of `SSL_CERT_FILE` and `SSL_CERT_DIR` if one is set. Otherwise, those of the system's bundle.
fn trusted_certificates() -> Vec<CertificateDer<'static>> {
    let is_set = |name| std::env::var(name).is_ok_and(|value: String| !value.trim().is_empty());
    if is_set("SSL_CERT_FILE") || is_set("SSL_CERT_DIR") {
        return load_native_certs().certs;
    }
    let bundle = openssl_probe::probe().cert_file.and_then(|path| fs::read_to_string(path).ok());
    let bundle = bundle.map(|bundle| certificates(&bundle)).unwrap_or_default();
    if bundle.is_empty() { load_native_certs().certs } else { bundle }
}

/// The certificates of a bundle. The library decodes in constant time, as for private keys, and also reads the folder
/// beside the bundle, which contains the same certificates again. That took most of a cold start.
fn certificates(bundle: &str) -> Vec<CertificateDer<'static>> {
    let blocks = bundle.split_inclusive("-----END CERTIFICATE-----");
    blocks.filter_map(|block| decode_pem(block, "CERTIFICATE").map(CertificateDer::from)).collect()
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::pem::PemObject;

    use super::*;

    #[test]
    fn a_bundle_is_read_as_the_library_reads_it() {
        let one = include_str!("../../tests/certificates/orders.pem");
        let bundle = format!(
            "# One\n{one}\n# Two, unreadable\n-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n{one}"
        );
        let expected: Vec<_> = CertificateDer::pem_slice_iter(one.as_bytes()).map(Result::unwrap).collect();
        assert_eq!(expected.len(), 1);
        assert_eq!(certificates(&bundle), [expected.clone(), expected].concat());
        for empty in ["", "text", "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"] {
            assert_eq!(certificates(empty), []);
        }
    }
}
