//! A distinguished name is equal to itself however it is written, and to no name with another value.

use token_introspection::certificate::{Certificate, DistinguishedName, der_of_pem};

/// Whether two texts are the same name. `None` if one of them is not a name.
pub type Subject = fn(&str, &str) -> Option<bool>;

pub fn check(data: &[u8]) {
    if let Some(certificate) = Certificate::parse(data) {
        compares(&certificate);
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Some(certificate) = der_of_pem(text).and_then(|der| Certificate::parse(&der)) {
        compares(&certificate);
    }
    holds(|a, b| Some(DistinguishedName::parse(a)? == DistinguishedName::parse(b)?), text);
}

/// A certificate from anywhere is compared without a panic.
fn compares(certificate: &Certificate) {
    let name = DistinguishedName::parse("CN=a").expect("a name");
    let _ = certificate.has_subject(&name);
    let _ = (certificate.has_dns_name("a"), certificate.has_uri("a"), certificate.has_email_address("a"));
    let _ = certificate.has_ip_address(std::net::Ipv4Addr::LOCALHOST.into());
}

/// The properties of a comparison.
pub fn holds(subject: Subject, text: &str) {
    let Some(is_itself) = subject(text, text) else { return };
    assert!(is_itself, "a name is not equal to itself");
    let names = attributes(text);
    let written = write(&names, |byte| format!("\\{byte:02X}"));
    assert!(subject(text, &written) == Some(true), "a name is not equal to its escaped form");
    let spaced = written.replace(',', " , ").replace('+', "  + ");
    assert!(subject(text, &spaced) == Some(true), "spaces around separators change a name");
    // One more attribute, another value, and another order of relative names make another name.
    assert!(subject(text, &format!("{written},CN=fuzz")) == Some(false), "a longer name is equal");
    let mut changed = names.clone();
    changed[0].0.1.push(b'!');
    if !changed[0].0.1.starts_with(b"#") {
        assert!(
            subject(text, &write(&changed, |byte| format!("\\{byte:02x}"))) == Some(false),
            "another value is equal"
        );
    }
}

/// The type and the value of an attribute, and the separator after it.
type Attribute = ((String, Vec<u8>), Option<char>);

/// The attributes of a text that is a name, by a simpler reading of RFC 4514: a value's escapes are replaced, and the
/// spaces around it are gone.
fn attributes(text: &str) -> Vec<Attribute> {
    let (mut names, mut rest) = (Vec::new(), text);
    loop {
        let (kind, after) = rest.split_once('=').expect("an attribute without a value");
        let (mut value, mut kept) = (Vec::new(), 0);
        let mut characters = after.trim_start_matches(' ').char_indices();
        let after = after.trim_start_matches(' ');
        let separator = loop {
            match characters.next() {
                None => break None,
                Some((at, separator @ (',' | '+'))) => break Some((separator, &after[at + 1..])),
                Some((at, '\\')) => {
                    let pair = after.get(at + 1..at + 3).and_then(|pair| u8::from_str_radix(pair, 16).ok());
                    let (_, escaped) = characters.next().expect("an escape of nothing");
                    match pair {
                        Some(byte) if escaped.is_ascii_hexdigit() => {
                            characters.next();
                            value.push(byte);
                        }
                        _ => value.push(u8::try_from(escaped).expect("an escape of a special character")),
                    }
                    kept = value.len();
                }
                Some((_, character)) => {
                    value.extend(character.encode_utf8(&mut [0; 4]).bytes());
                    kept = if character == ' ' { kept } else { value.len() };
                }
            }
        };
        value.truncate(kept);
        // An encoded value begins with a number sign that is not escaped, and must stay like that.
        let mark = if after.starts_with('#') { "#" } else { "" };
        names.push(((format!("{}={mark}", kind.trim_matches(' ')), value), separator.map(|(separator, _)| separator)));
        match separator {
            Some((_, next)) => rest = next,
            None => return names,
        }
    }
}

/// Writes a name, with this form of each byte of its values that are text.
fn write(names: &[Attribute], escape: impl Fn(u8) -> String) -> String {
    let mut text = String::new();
    for ((kind, value), separator) in names {
        if let Some(kind) = kind.strip_suffix('#') {
            // Its digits are not escaped, because their value is what counts.
            text.push_str(kind);
            text.push_str(&String::from_utf8_lossy(value));
        } else {
            text.push_str(kind);
            text.extend(value.iter().map(|byte| escape(*byte)));
        }
        text.extend(*separator);
    }
    text
}
