//! Converts distinguished names, from certificates and from the text form of RFC 4514, to one comparable form.

use std::collections::BTreeSet;

use x509_cert::{
    attr::AttributeTypeAndValue,
    der::{
        Decode, Encode, Tag, Tagged,
        asn1::{Any, BmpString},
    },
    name::Name,
};

/// The attribute types with short names in RFC 4514 §3 or in the output of common tools. Their values are compared
/// without regard to case and to the number of spaces (`caseIgnoreMatch`, RFC 4517 §4.2.11). Values of other types are
/// compared as they are.
const TYPES: [(&str, &str); 18] = [
    ("CN", "2.5.4.3"),
    ("SN", "2.5.4.4"),
    ("SERIALNUMBER", "2.5.4.5"),
    ("C", "2.5.4.6"),
    ("L", "2.5.4.7"),
    ("ST", "2.5.4.8"),
    ("S", "2.5.4.8"),
    ("STREET", "2.5.4.9"),
    ("O", "2.5.4.10"),
    ("OU", "2.5.4.11"),
    ("TITLE", "2.5.4.12"),
    ("GN", "2.5.4.42"),
    ("GIVENNAME", "2.5.4.42"),
    ("DNQUALIFIER", "2.5.4.46"),
    ("DC", "0.9.2342.19200300.100.1.25"),
    ("UID", "0.9.2342.19200300.100.1.1"),
    ("EMAILADDRESS", "1.2.840.113549.1.9.1"),
    ("E", "1.2.840.113549.1.9.1"),
];

/// A name that is equal to any other notation of the same name. The order of relative names matters, but not the order
/// within one.
#[derive(PartialEq, Eq)]
pub struct DistinguishedName(Vec<BTreeSet<Attribute>>);

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Attribute {
    /// The object identifier in its dotted form.
    kind: String,
    value: Value,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    /// A character string, of any of ASN.1's types.
    Text(String),
    /// Any other type, encoded.
    Encoded(Vec<u8>),
}

impl DistinguishedName {
    /// Converts a certificate's name. Returns `None` if the name is empty.
    pub fn from_x509(name: &Name) -> Option<Self> {
        let relative = name.iter_rdn().map(|relative| {
            relative
                .iter()
                .map(|AttributeTypeAndValue { oid, value }| Attribute::from_x509(oid.to_string(), value))
                .collect::<Option<_>>()
        });
        Self::new(relative.collect::<Option<_>>()?)
    }

    /// Parses the text form of RFC 4514, in which clients register their subject (RFC 8705 §2.1.2, F-03). As in
    /// RFC 2253, spaces may surround separators. The last relative name comes first. Returns `None` if the text is not
    /// a name.
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = text;
        let (mut names, mut attributes) = (Vec::new(), BTreeSet::new());
        loop {
            let (attribute, separator, after) = Attribute::parse(rest)?;
            attributes.insert(attribute);
            if separator != Some('+') {
                names.push(std::mem::take(&mut attributes));
            }
            if separator.is_none() {
                break;
            }
            rest = after;
        }
        names.reverse();
        Self::new(names)
    }

    fn new(names: Vec<BTreeSet<Attribute>>) -> Option<Self> {
        (!names.is_empty()).then_some(Self(names))
    }
}

impl Attribute {
    fn from_x509(kind: String, value: &Any) -> Option<Self> {
        let text = match value.tag() {
            Tag::Utf8String | Tag::PrintableString | Tag::Ia5String => {
                Some(std::str::from_utf8(value.value()).ok()?.to_owned())
            }
            // The meaning of its other bytes is ambiguous.
            Tag::TeletexString if value.value().is_ascii() => {
                std::str::from_utf8(value.value()).ok().map(str::to_owned)
            }
            Tag::BmpString => Some(value.decode_as::<BmpString>().ok()?.to_string()),
            _ => None,
        };
        let value = match text {
            Some(text) => Value::Text(prepared(&kind, &text)),
            None => Value::Encoded(value.to_der().ok()?),
        };
        Some(Self { kind, value })
    }

    /// Parses one attribute. Also returns the separator after it, and the rest of the text.
    fn parse(text: &str) -> Option<(Self, Option<char>, &str)> {
        let (name, rest) = text.split_once('=')?;
        let kind = kind(name.trim_matches(' '))?;
        let (bytes, encoded, separator, rest) = value(rest)?;
        let attribute = if encoded {
            Self::from_x509(kind, &Any::from_der(&bytes).ok()?)?
        } else {
            let text = String::from_utf8(bytes).ok()?;
            Self { value: Value::Text(prepared(&kind, &text)), kind }
        };
        Some((attribute, separator, rest))
    }
}

/// The object identifier of an attribute type, which is written as its short name, in any case, or as numbers.
fn kind(name: &str) -> Option<String> {
    if let Some((_, oid)) = TYPES.iter().find(|(short, _)| short.eq_ignore_ascii_case(name)) {
        return Some((*oid).to_owned());
    }
    let is_number = |arc: &str| {
        !arc.is_empty() && arc.bytes().all(|byte| byte.is_ascii_digit()) && (arc == "0" || !arc.starts_with('0'))
    };
    (name.contains('.') && name.split('.').all(is_number)).then(|| name.to_owned())
}

/// Parses a value up to its separator. Returns its bytes, whether they are an ASN.1 encoding (`#…`), the separator, and
/// the rest.
fn value(text: &str) -> Option<(Vec<u8>, bool, Option<char>, &str)> {
    let text = text.trim_start_matches(' ');
    let (mut bytes, mut kept) = (Vec::new(), 0);
    let mut characters = text.char_indices();
    let mut end = (None, "");
    while let Some((at, character)) = characters.next() {
        match character {
            ',' | '+' => {
                end = (Some(character), text.get(at + 1..)?);
                break;
            }
            '"' | ';' | '<' | '>' | '\0' => return None,
            '\\' => {
                let (_, escaped) = characters.next()?;
                if let Some(high) = escaped.to_digit(16) {
                    let (_, low) = characters.next()?;
                    bytes.push(u8::try_from(high * 16 + low.to_digit(16)?).ok()?);
                } else if " \"#+,;<=>\\".contains(escaped) {
                    bytes.push(u8::try_from(escaped).ok()?);
                } else {
                    return None;
                }
                kept = bytes.len();
            }
            _ => {
                bytes.extend(character.encode_utf8(&mut [0; 4]).bytes());
                kept = if character == ' ' { kept } else { bytes.len() };
            }
        }
    }
    // An unescaped space at the end is not part of the value.
    bytes.truncate(kept);
    if !text.starts_with('#') {
        return Some((bytes, false, end.0, end.1));
    }
    let digits = bytes.get(1..)?.iter().map(|digit| char::from(*digit).to_digit(16)).collect::<Option<Vec<_>>>()?;
    if digits.is_empty() || !digits.len().is_multiple_of(2) {
        return None;
    }
    let encoded = digits.chunks(2).map(|pair| u8::try_from(pair.iter().fold(0, |byte, digit| byte * 16 + digit)).ok());
    Some((encoded.collect::<Option<_>>()?, true, end.0, end.1))
}

/// A value in comparable form: for known types, without regard to case and with single spaces.
fn prepared(kind: &str, text: &str) -> String {
    if !TYPES.iter().any(|(_, known)| *known == kind) {
        return text.to_owned();
    }
    text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f03_one_name_has_many_writings() {
        let name = r"CN=James \22Jim\22 Smith\, III,OU=Sales+L=Köln,DC=example,DC=net";
        for (other, equal) in [
            (name, true),
            (r#"cn=James \"Jim\" Smith\2C III,l=K\C3\B6ln+ou=Sales,dc=Example,dc=NET"#, true),
            (r#"CN = James \"Jim\"  Smith\, III , OU=Sales + L=KÖLN, DC=example, DC=net  "#, true),
            (r#"2.5.4.3=James \"Jim\" Smith\, III,2.5.4.11=Sales+2.5.4.7=Köln,DC=example,DC=net"#, true),
            (r#"CN=James \"Jim\" Smith\, III,OU=Sales+L=#0C054BC3B66C6E,DC=#13076578616D706C65,DC=net"#, true),
            (r#"CN=James \"Jim\" Smith\, III,OU=Sales+L=#1E08004B00F6006C006E,DC=example,DC=net"#, true),
            (r#"CN=James \"Jim\" Smith\, II,OU=Sales+L=Köln,DC=example,DC=net"#, false),
            (r#"CN=James \"Jim\" Smith\, III,OU=Sales,L=Köln,DC=example,DC=net"#, false),
            (r#"CN=James \"Jim\" Smith\, III,OU=Sales+L=Köln,DC=net,DC=example"#, false),
            (r#"CN=James \"Jim\" Smith\, III,OU=Sales+L=Köln,DC=example"#, false),
            (r#"CN=James \"Jim\" Smith\, III,OU=Sales+L=Köln,DC=example,DC=net,C=DE"#, false),
            (r#"CN=James \"Jim\" Smith\, III,OU=Sales+L=#0404C3B66C6E,DC=example,DC=net"#, false),
        ] {
            let other = DistinguishedName::parse(other).unwrap_or_else(|| panic!("{other}"));
            assert_eq!(DistinguishedName::parse(name).is_some_and(|name| name == other), equal);
        }
    }

    #[test]
    fn f03_values_of_unknown_types_and_escaped_spaces_are_compared_as_they_are() {
        let equal = |a, b| DistinguishedName::parse(a).unwrap() == DistinguishedName::parse(b).unwrap();
        assert!(!equal("1.2.3=a", "1.2.3=A") && equal("1.2.3=a", "1.2.3= a "));
        assert!(!equal("1.2.3=a", r"1.2.3=a\ ") && equal(r"1.2.3=a\20", r"1.2.3=a\ "));
        assert!(equal("CN=a", r"CN=a\ ") && !equal("CN=a", "CN=") && !equal("CN=a", "O=a"));
        assert!(equal("0.9.2342.19200300.100.1.1=a", "UID=A"));
        // A TeletexString is a text only if it is ASCII.
        assert!(equal("CN=abc", "CN=#1403616263") && !equal("CN=ä", "CN=#1402C3A4"));
        // An injected separator stays in the value.
        assert!(!equal(r"CN=a\,O=b", "CN=a,O=b") && !equal(r"CN=a\+O=b", "CN=a+O=b"));
    }

    #[test]
    fn f03_texts_that_are_not_names_do_not_parse() {
        for text in [
            "",
            " ",
            "a",
            "=a",
            "XYZ=a",
            "CN",
            "CN=a,",
            "CN=a,,O=b",
            "CN=a+",
            ",CN=a",
            "CN=a;O=b",
            r#"CN="a""#,
            "CN=<a>",
            r"CN=a\",
            r"CN=\x",
            r"CN=\C3",
            r"CN=\C",
            "CN=#",
            "CN=#0",
            "CN=#0C",
            "CN=#0C02",
            "CN=#0C0161FF",
            // Its last digit is half of a byte.
            "CN=#0C016",
            "CN=#xy",
            "2.5..4=a",
            "2.05=a",
            "OID.2.5.4.3=a",
            "1=a",
            "CN=a\0",
        ] {
            assert!(DistinguishedName::parse(text).is_none(), "{text}");
        }
    }
}
