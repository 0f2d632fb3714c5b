//! TLS as `tls_server_config` says, with rustls.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, RootCertStore, SignatureScheme, SupportedCipherSuite};

use super::san;
use crate::config::SecretSource;
use crate::config::door::{ClientAuth, TlsServer, TlsVersion};

/// What a server needs to speak TLS.
pub type Config = rustls::ServerConfig;

/// Makes it, from the files as they are now. The error is a sentence for people.
pub(super) fn config(tls: &TlsServer, http2: bool) -> Result<Config, String> {
    let provider = Arc::new(provider(tls)?);
    let versions: Vec<_> = [(TlsVersion::Tls12, &rustls::version::TLS12), (TlsVersion::Tls13, &rustls::version::TLS13)]
        .into_iter()
        .filter(|(version, _)| at_least(*version, tls.min_version) && at_least(tls.max_version, *version))
        .map(|(_, version)| version)
        .collect();
    let chain = certificates("cert", &tls.cert)?;
    let key = tls.key.read().map_err(|error| format!("key: {error}"))?;
    let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes())
        .map_err(|error| format!("key: {} holds no private key in PEM: {error}", place(&tls.key)))?;
    let builder = Config::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&versions)
        .map_err(|error| error.to_string())?;
    let builder = match tls.client_auth {
        ClientAuth::NoClientCert => builder.with_no_client_auth(),
        _ => builder.with_client_cert_verifier(Arc::new(Gate::new(tls, provider)?)),
    };
    let mut config = builder.with_single_cert(chain, key).map_err(|error| format!("{}: {error}", place(&tls.cert)))?;
    if tls.client_auth != ClientAuth::NoClientCert {
        // Who takes up a session again shows no certificate, which may have expired since, or be revoked by another authority.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    config.ignore_client_order = !tls.prefer_client_cipher_suites;
    config.alpn_protocols = if http2 { vec![b"h2".to_vec(), b"http/1.1".to_vec()] } else { vec![b"http/1.1".to_vec()] };
    Ok(config)
}

fn at_least(version: TlsVersion, least: TlsVersion) -> bool {
    version == TlsVersion::Tls13 || least == TlsVersion::Tls12
}

/// The suites and curves that are allowed, in the order of the file.
fn provider(tls: &TlsServer) -> Result<CryptoProvider, String> {
    let mut provider = ring::default_provider();
    let is_new = |suite: &SupportedCipherSuite| matches!(suite, SupportedCipherSuite::Tls13(_));
    if !tls.cipher_suites.is_empty() {
        let all = std::mem::take(&mut provider.cipher_suites);
        let named = |name: &&'static str| all.iter().find(|suite| !is_new(suite) && go_name(suite) == **name).copied();
        provider.cipher_suites = all.iter().filter(|suite| is_new(suite)).copied().collect();
        provider.cipher_suites.extend(tls.cipher_suites.iter().filter_map(named));
    }
    if !tls.curves.is_empty() {
        let all = std::mem::take(&mut provider.kx_groups);
        let named = |curve: &str| all.iter().find(|group| go_curve(group.name()) == curve).copied();
        provider.kx_groups = tls.curves.iter().filter_map(|curve| named(curve)).collect();
    }
    if tls.max_version == TlsVersion::Tls12 && provider.cipher_suites.iter().all(is_new) {
        return Err("cipher_suites has none of TLS12, and max_version allows nothing newer".to_owned());
    }
    Ok(provider)
}

/// The suite's name in Go, which is IANA's.
fn go_name(suite: &SupportedCipherSuite) -> String {
    format!("{:?}", suite.suite())
}

fn go_curve(group: rustls::NamedGroup) -> &'static str {
    match group {
        rustls::NamedGroup::X25519 => "X25519",
        rustls::NamedGroup::secp256r1 => "CurveP256",
        rustls::NamedGroup::secp384r1 => "CurveP384",
        _ => "",
    }
}

fn certificates(what: &str, source: &SecretSource) -> Result<Vec<CertificateDer<'static>>, String> {
    let pem = source.read().map_err(|error| format!("{what}: {error}"))?;
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem.expose().as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|error| format!("{what}: {} is not PEM: {error}", place(source)))?;
    if found.is_empty() {
        return Err(format!("{what}: {} holds no certificate in PEM", place(source)));
    }
    Ok(found)
}

fn place(source: &SecretSource) -> String {
    match source {
        SecretSource::Inline(_) => "the text".to_owned(),
        SecretSource::File(path) => path.display().to_string(),
    }
}

/// Go's policies for certificates of clients, and the names that the toolkit wants in them.
#[derive(Debug)]
struct Gate {
    /// Checks who signed them; `None` takes anybody's.
    verifier: Option<Arc<dyn ClientCertVerifier>>,
    is_mandatory: bool,
    allowed_names: Option<Vec<String>>,
    provider: Arc<CryptoProvider>,
}

impl Gate {
    fn new(tls: &TlsServer, provider: Arc<CryptoProvider>) -> Result<Self, String> {
        let is_verified =
            matches!(tls.client_auth, ClientAuth::VerifyClientCertIfGiven | ClientAuth::RequireAndVerifyClientCert);
        let verifier = match tls.client_ca.as_ref().filter(|_| is_verified) {
            None => None,
            Some(source) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates("client_ca", source)? {
                    roots.add(certificate).map_err(|error| format!("client_ca: {}: {error}", place(source)))?;
                }
                let builder = WebPkiClientVerifier::builder_with_provider(roots.into(), Arc::clone(&provider));
                Some(builder.build().map_err(|error| format!("client_ca: {error}"))?)
            }
        };
        let is_mandatory =
            matches!(tls.client_auth, ClientAuth::RequireAnyClientCert | ClientAuth::RequireAndVerifyClientCert);
        Ok(Self { verifier, is_mandatory, allowed_names: tls.client_allowed_sans.clone(), provider })
    }
}

impl ClientCertVerifier for Gate {
    fn client_auth_mandatory(&self) -> bool {
        self.is_mandatory
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.verifier.as_ref().map_or(&[], |verifier| verifier.root_hint_subjects())
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        if let Some(verifier) = &self.verifier {
            verifier.verify_client_cert(certificate, intermediates, now)?;
        }
        if let Some(allowed) = &self.allowed_names
            && !san::names(certificate).iter().any(|name| allowed.contains(name))
        {
            return Err(rustls::Error::InvalidCertificate(rustls::CertificateError::ApplicationVerificationFailure));
        }
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
