//! Key hosts with TLS: `SSL_CERT_FILE`, and the faults of certificates. The variable belongs to the process, so the
//! test runs again in a process of its own.

use std::{path::PathBuf, process::Command, sync::Arc};

use rcgen::{CertificateParams, Issuer, KeyPair, date_time_ymd};
use serde_json::json;
use token_introspection::settings::LogLevel;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer},
    },
};

use crate::{
    key_sets::{at, key_set, token},
    key_site::{Site, proxy, trusting},
    keys,
    log::Log,
    world::{ISSUER, World},
};

const HOST: &str = "keys.issuer.test";
const FOLDER: &str = "KEY_TLS_TEST_FOLDER";

fn authority() -> (CertificateParams, KeyPair) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    (params, KeyPair::generate().unwrap())
}

#[test]
fn h13_ssl_cert_file_names_the_roots_and_the_log_tells_certificate_faults_apart() {
    let folder = std::env::temp_dir().join(format!("key-tls-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (params, key) = authority();
    std::fs::write(folder.join("roots.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
    let trusted = Issuer::from_params(&params, &key);
    let (stranger_params, stranger_key) = authority();
    let stranger = Issuer::from_params(&stranger_params, &stranger_key);
    for (name, host, until, issuer) in [
        ("good", HOST, 2200, &trusted),
        ("expired", HOST, 2020, &trusted),
        ("mismatch", "other.test", 2200, &trusted),
        ("stranger", HOST, 2200, &stranger),
    ] {
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        (params.not_before, params.not_after) = (date_time_ymd(2000, 1, 1), date_time_ymd(until, 1, 1));
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, issuer).unwrap();
        std::fs::write(folder.join(format!("{name}.crt")), certificate.der()).unwrap();
        std::fs::write(folder.join(format!("{name}.key")), key.serialize_der()).unwrap();
    }
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "key_tls::in_a_process_of_its_own", "--ignored", "--nocapture"])
        .env("SSL_CERT_FILE", folder.join("roots.pem"))
        .env(FOLDER, &folder)
        .output()
        .unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let output = format!("{}{}", String::from_utf8_lossy(&child.stdout), String::from_utf8_lossy(&child.stderr));
    assert!(child.status.success() && output.contains("1 passed"), "{output}");
}

#[tokio::test]
#[ignore = "the test above starts it with SSL_CERT_FILE"]
async fn in_a_process_of_its_own() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
    let (log, _guard) = Log::start(LogLevel::Info);
    let key = keys::ed25519(Some("a"), 1);
    let world = World::new().await;
    for (name, expected) in [
        ("good", "jwks_fetched"),
        ("expired", "certificate_expired"),
        ("mismatch", "certificate_name_mismatch"),
        ("stranger", "certificate_not_trusted"),
    ] {
        let der = |ending: &str| std::fs::read(folder.join(format!("{name}.{ending}"))).unwrap();
        let chain = vec![CertificateDer::from(der("crt"))];
        let private = PrivateKeyDer::try_from(der("key")).unwrap();
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, private).unwrap();
        let site = Site::start_with(Some(TlsAcceptor::from(Arc::new(config)))).await;
        site.put("/keys", &key_set(&[&key]));
        let (proxy, _) = proxy(&site.address, "200 OK").await;
        let entry = json!({ "issuer": ISSUER, "jwks_uri": format!("https://{HOST}/keys") });
        world.delete("oauth-introspection-state", &format!("jwks#{ISSUER}")).await;
        let environment = trusting(&world, &entry, &[("HTTPS_PROXY", &proxy)]).await;
        let answer = at(&environment, 0, &token(&key)).await;
        let text = log.take();
        assert!(text.contains(&format!(r#""{expected}""#)), "{name}: {text}");
        if name == "good" {
            answer.assert_active();
        } else {
            answer.assert_unavailable("keys_unavailable");
        }
    }
}
