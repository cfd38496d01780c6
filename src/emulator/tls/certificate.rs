//! Two X.509 certificates, written out (RFC 5280): an authority, and the certificate of this machine that it signs.
//!
//! Both are of the curve P-256 and say no more than clients check. Nothing else of X.509 is known here.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ring::digest::{SHA256, digest};
use ring::error::Unspecified;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};

/// Object identifiers, in DER.
mod oid {
    pub(super) const EC_PUBLIC_KEY: &[u8] = &[0x06, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
    pub(super) const P256: &[u8] = &[0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    pub(super) const ECDSA_WITH_SHA256: &[u8] = &[0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
    pub(super) const COMMON_NAME: &[u8] = &[0x06, 3, 0x55, 4, 3];
    pub(super) const SUBJECT_KEY_ID: &[u8] = &[0x06, 3, 0x55, 0x1d, 14];
    pub(super) const KEY_USAGE: &[u8] = &[0x06, 3, 0x55, 0x1d, 15];
    pub(super) const SUBJECT_ALTERNATIVE_NAME: &[u8] = &[0x06, 3, 0x55, 0x1d, 17];
    pub(super) const BASIC_CONSTRAINTS: &[u8] = &[0x06, 3, 0x55, 0x1d, 19];
    pub(super) const AUTHORITY_KEY_ID: &[u8] = &[0x06, 3, 0x55, 0x1d, 35];
    pub(super) const EXTENDED_KEY_USAGE: &[u8] = &[0x06, 3, 0x55, 0x1d, 37];
    pub(super) const SERVER_AUTH: &[u8] = &[0x06, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1];
}

/// The tags of DER that are written here.
mod tag {
    pub(super) const BOOLEAN: u8 = 0x01;
    pub(super) const INTEGER: u8 = 0x02;
    pub(super) const BIT_STRING: u8 = 0x03;
    pub(super) const OCTET_STRING: u8 = 0x04;
    pub(super) const UTF8_STRING: u8 = 0x0c;
    pub(super) const UTC_TIME: u8 = 0x17;
    pub(super) const GENERALIZED_TIME: u8 = 0x18;
    pub(super) const SEQUENCE: u8 = 0x30;
    pub(super) const SET: u8 = 0x31;
    /// `[0]`, in place of what it stands for.
    pub(super) const KEY_ID: u8 = 0x80;
    pub(super) const DNS_NAME: u8 = 0x82;
    pub(super) const IP_ADDRESS: u8 = 0x87;
    /// `[0]` and `[3]`, around what they stand for.
    pub(super) const VERSION: u8 = 0xa0;
    pub(super) const EXTENSIONS: u8 = 0xa3;
}

/// What was made.
pub(super) struct Made {
    /// The authority's certificate.
    pub(super) authority: Vec<u8>,
    /// The certificate of this machine.
    pub(super) leaf: Vec<u8>,
    /// Its key, in PKCS #8.
    pub(super) key: Vec<u8>,
}

/// Whom the certificates are of, and from when until when.
pub(super) struct Subjects<'a> {
    pub(super) authority: &'a str,
    pub(super) leaf: &'a str,
    pub(super) span: [Timestamp; 2],
}

/// Makes both, with keys of their own; the authority's is forgotten.
pub(super) fn make(subjects: &Subjects<'_>) -> Result<Made, Unspecified> {
    let random = SystemRandom::new();
    let (authority_key, _) = key(&random)?;
    let (leaf_key, pkcs8) = key(&random)?;
    let of_authority = [
        // No other authority below it.
        extension(oid::BASIC_CONSTRAINTS, true, &sequence(&[&[tag::BOOLEAN, 1, 0xff], &[tag::INTEGER, 1, 0]])),
        // It signs certificates, and lists of revoked ones.
        extension(oid::KEY_USAGE, true, &[tag::BIT_STRING, 2, 1, 0b0000_0110]),
        extension(oid::SUBJECT_KEY_ID, false, &write(tag::OCTET_STRING, &[&key_id(&authority_key)])),
    ];
    let names = sequence(&[
        &write(tag::DNS_NAME, &[b"localhost"]),
        &write(tag::IP_ADDRESS, &[&[127, 0, 0, 1]]),
        &write(tag::IP_ADDRESS, &[&std::net::Ipv6Addr::LOCALHOST.octets()]),
    ]);
    let of_leaf = [
        extension(oid::BASIC_CONSTRAINTS, true, &sequence(&[])),
        extension(oid::KEY_USAGE, true, &[tag::BIT_STRING, 2, 7, 0b1000_0000]),
        extension(oid::EXTENDED_KEY_USAGE, false, &sequence(&[oid::SERVER_AUTH])),
        extension(oid::SUBJECT_ALTERNATIVE_NAME, false, &names),
        extension(oid::SUBJECT_KEY_ID, false, &write(tag::OCTET_STRING, &[&key_id(&leaf_key)])),
        extension(oid::AUTHORITY_KEY_ID, false, &sequence(&[&write(tag::KEY_ID, &[&key_id(&authority_key)])])),
    ];
    let sign = |subject, key: &EcdsaKeyPair, extensions: &[Vec<u8>]| -> Result<Vec<u8>, Unspecified> {
        let body = body(&random, [subjects.authority, subject], subjects.span, key, extensions)?;
        let signature = authority_key.sign(&random, &body)?;
        let algorithm = sequence(&[oid::ECDSA_WITH_SHA256]);
        Ok(sequence(&[&body, &algorithm, &write(tag::BIT_STRING, &[&[0], signature.as_ref()])]))
    };
    Ok(Made {
        authority: sign(subjects.authority, &authority_key, &of_authority)?,
        leaf: sign(subjects.leaf, &leaf_key, &of_leaf)?,
        key: pkcs8,
    })
}

fn key(random: &SystemRandom) -> Result<(EcdsaKeyPair, Vec<u8>), Unspecified> {
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, random)?;
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref(), random)?;
    Ok((key, pkcs8.as_ref().to_vec()))
}

/// Returns by what a key is known again (RFC 7093, 2.1).
fn key_id(key: &EcdsaKeyPair) -> Vec<u8> {
    digest(&SHA256, key.public_key().as_ref()).as_ref()[..20].to_vec()
}

/// Writes what is signed.
fn body(
    random: &SystemRandom,
    [issuer, subject]: [&str; 2],
    span: [Timestamp; 2],
    key: &EcdsaKeyPair,
    extensions: &[Vec<u8>],
) -> Result<Vec<u8>, Unspecified> {
    let mut serial = [0; 16];
    random.fill(&mut serial)?;
    // A positive number, and one that needs all its bytes.
    serial[0] = serial[0] & 0x7f | 0x40;
    let point = write(tag::BIT_STRING, &[&[0], key.public_key().as_ref()]);
    let extensions: Vec<&[u8]> = extensions.iter().map(Vec::as_slice).collect();
    Ok(sequence(&[
        &write(tag::VERSION, &[&[tag::INTEGER, 1, 2]]),
        &write(tag::INTEGER, &[&serial]),
        &sequence(&[oid::ECDSA_WITH_SHA256]),
        &name(issuer),
        &sequence(&[&time(span[0]), &time(span[1])]),
        &name(subject),
        &sequence(&[&sequence(&[oid::EC_PUBLIC_KEY, oid::P256]), &point]),
        &write(tag::EXTENSIONS, &[&sequence(&extensions)]),
    ]))
}

fn name(common: &str) -> Vec<u8> {
    let attribute = sequence(&[oid::COMMON_NAME, &write(tag::UTF8_STRING, &[common.as_bytes()])]);
    sequence(&[&write(tag::SET, &[&attribute])])
}

/// Writes an instant, in seconds: years before 2050 have two digits.
fn time(at: Timestamp) -> Vec<u8> {
    let is_short = (1950..2050).contains(&at.to_zoned(TimeZone::UTC).year());
    let (tag, form) =
        if is_short { (tag::UTC_TIME, "%y%m%d%H%M%SZ") } else { (tag::GENERALIZED_TIME, "%Y%m%d%H%M%SZ") };
    write(tag, &[at.strftime(form).to_string().as_bytes()])
}

fn extension(oid: &[u8], is_critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if is_critical { &[tag::BOOLEAN, 1, 0xff] } else { &[] };
    sequence(&[oid, critical, &write(tag::OCTET_STRING, &[value])])
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    write(tag::SEQUENCE, parts)
}

/// Writes a tag, a length and what follows.
fn write(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut written = vec![tag];
    match content.len() {
        short @ 0..0x80 => written.push(short as u8),
        long => {
            let bytes = long.to_be_bytes();
            let bytes = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
            written.push(0x80 | bytes.len() as u8);
            written.extend_from_slice(bytes);
        }
    }
    written.extend(content);
    written
}
