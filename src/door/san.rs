//! Subject alternative names of a certificate, which the toolkit compares with `client_allowed_sans`.
//!
//! The library that checks certificates tells only some kinds of names, so the rest of DER (X.690) that stands around them is
//! walked here. Whoever calls this has checked the certificate already; whatever else comes gives no names.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const SEQUENCE: u8 = 0x30;
const OCTETS: u8 = 0x04;
const IDENTIFIER: u8 = 0x06;
/// `[3] EXPLICIT Extensions` of RFC 5280, section 4.1.
const EXTENSIONS: u8 = 0xa3;
/// 2.5.29.17
const ALTERNATIVE_NAMES: [u8; 3] = [0x55, 0x1d, 0x11];

/// The names of mail addresses, hosts, URIs and IP addresses as Go writes them.
pub(super) fn names(certificate: &[u8]) -> Vec<String> {
    read(certificate).unwrap_or_default()
}

fn read(certificate: &[u8]) -> Option<Vec<String>> {
    let (_, certificate) = Items(certificate).next().filter(|(tag, _)| *tag == SEQUENCE)?;
    let (_, body) = Items(certificate).next().filter(|(tag, _)| *tag == SEQUENCE)?;
    let (_, extensions) = Items(body).find(|(tag, _)| *tag == EXTENSIONS)?;
    let (_, extensions) = Items(extensions).next()?;
    let value = Items(extensions).find_map(|(_, extension)| {
        let is_wanted = Items(extension).next()? == (IDENTIFIER, &ALTERNATIVE_NAMES[..]);
        let (_, value) = Items(extension).find(|(tag, _)| *tag == OCTETS)?;
        is_wanted.then_some(value)
    })?;
    let (_, names) = Items(value).next().filter(|(tag, _)| *tag == SEQUENCE)?;
    Some(Items(names).filter_map(|(tag, value)| name(tag, value)).collect())
}

/// `GeneralName` of RFC 5280, section 4.2.1.6.
fn name(tag: u8, value: &[u8]) -> Option<String> {
    match tag {
        // Mail, DNS, URI.
        0x81 | 0x82 | 0x86 => String::from_utf8(value.to_vec()).ok(),
        0x87 => {
            let four = <[u8; 4]>::try_from(value).map(|bytes| IpAddr::from(Ipv4Addr::from(bytes)));
            let address = four.or_else(|_| <[u8; 16]>::try_from(value).map(|bytes| Ipv6Addr::from(bytes).into()));
            address.ok().map(|address| address.to_string())
        }
        _ => None,
    }
}

/// The tags and values that stand one behind the other; ends at the first that is not whole.
struct Items<'a>(&'a [u8]);

impl<'a> Iterator for Items<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let [tag, first, rest @ ..] = self.0 else { return None };
        let (length, rest) = if first & 0x80 == 0 {
            (usize::from(*first), rest)
        } else {
            // A certificate is far below 2^32 bytes.
            let (bytes, rest) =
                rest.split_at_checked(usize::from(first & 0x7f)).filter(|(bytes, _)| bytes.len() <= 4)?;
            (bytes.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte)), rest)
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((*tag, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rcgen::{CertificateParams, KeyPair, SanType};

    fn certificate(names: Vec<SanType>) -> Vec<u8> {
        let mut params = CertificateParams::default();
        params.subject_alt_names = names;
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn names_of_all_four_kinds_are_told() {
        let der = certificate(vec![
            SanType::DnsName("client.example.org".try_into().unwrap()),
            SanType::Rfc822Name("ada@example.org".try_into().unwrap()),
            SanType::URI("spiffe://example.org/ci".try_into().unwrap()),
            SanType::IpAddress([10, 0, 0, 7].into()),
            SanType::IpAddress("2001:db8::1".parse().unwrap()),
        ]);
        let expect = ["client.example.org", "ada@example.org", "spiffe://example.org/ci", "10.0.0.7", "2001:db8::1"];
        assert_eq!(names(&der), expect);
        assert!(names(&certificate(Vec::new())).is_empty());
    }

    proptest! {
        #[test]
        fn what_is_no_certificate_has_no_names_and_does_no_harm(cut in 0_usize..1000, flip in 0_usize..1000, bit in 0_u8..8) {
            let mut der = certificate(vec![SanType::DnsName("a.example.org".try_into().unwrap())]);
            let at = flip % der.len();
            der[at] ^= 1 << bit;
            der.truncate(cut);
            names(&der);
        }
    }
}
