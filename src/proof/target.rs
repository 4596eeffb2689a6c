//! The URL that a proof is for (`htu`, RFC 9449 §4.2), in one normal form, so that two ways to write a URL are equal.

use http::Uri;

/// The URL of a request without query and fragment, normalized by syntax and scheme (RFC 3986 §6.2.2, RFC 3986 §6.2.3), as
/// RFC 9449 §4.3 recommends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetUrl(String);

/// Characters that no URI contains (RFC 3986 §2), although the parser accepts some of them.
const NOT_IN_URIS: [char; 9] = ['"', '<', '>', '\\', '^', '`', '{', '|', '}'];

impl TargetUrl {
    /// Parses the URL of a request. Returns `None` for a text that is not an absolute URL of HTTP, or that names a user.
    pub fn parse(text: &str) -> Option<Self> {
        if !text.chars().all(|c| c.is_ascii_graphic() && !NOT_IN_URIS.contains(&c)) {
            return None;
        }
        let text = text.split(['?', '#']).next()?;
        let uri: Uri = text.parse().ok()?;
        let (scheme, default_port) = match uri.scheme_str()? {
            "https" => ("https", 443),
            "http" => ("http", 80),
            _ => return None,
        };
        let authority = uri.authority()?;
        // With a user, this does not start with the host.
        let port = authority.as_str().strip_prefix(authority.host())?.trim_start_matches(':');
        let port = if port.is_empty() { default_port } else { port.parse::<u16>().ok()? };
        let port = if port == default_port { String::new() } else { format!(":{port}") };
        let host = Some(authority.host().to_ascii_lowercase()).filter(|host| !host.is_empty())?;
        Some(Self(format!("{scheme}://{host}{port}{}", without_dots(&decoded(uri.path())?))))
    }
}

/// Decodes what need not be encoded, and writes the other encoded bytes in upper case (RFC 3986 §6.2.2.1 and
/// RFC 3986 §6.2.2.2). Returns `None` if a `%` encodes nothing.
fn decoded(path: &str) -> Option<String> {
    let mut parts = path.split('%');
    let mut decoded = parts.next()?.to_owned();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        let byte = Some(digits).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let byte = u8::from_str_radix(byte?, 16).ok()?;
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            decoded.push(char::from(byte));
        } else {
            decoded.push('%');
            decoded.push_str(&digits.to_ascii_uppercase());
        }
        decoded.push_str(rest);
    }
    Some(decoded)
}

/// Removes `.` and `..` (RFC 3986 §5.2.4). An empty path is `/` (RFC 3986 §6.2.3).
fn without_dots(path: &str) -> String {
    let path = path.strip_prefix('/').unwrap_or(path);
    let (directories, last) = path.rsplit_once('/').map_or((None, path), |(rest, last)| (Some(rest), last));
    let mut kept: Vec<&str> = Vec::new();
    for segment in directories.into_iter().flat_map(|rest| rest.split('/')).chain([last]) {
        match segment {
            "." => {}
            ".." => drop(kept.pop()),
            segment => kept.push(segment),
        }
    }
    // A path that ends in dots ends in a slash instead, which an empty last segment is.
    if [".", ".."].contains(&last) {
        kept.push("");
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(text: &str) -> Option<String> {
        TargetUrl::parse(text).map(|TargetUrl(normal)| normal)
    }

    #[test]
    fn s08_equivalent_urls_have_one_normal_form() {
        for (text, expected) in [
            ("https://api.example", "https://api.example/"),
            ("https://api.example/", "https://api.example/"),
            ("HTTPS://API.Example:443/", "https://api.example/"),
            ("https://api.example:/a", "https://api.example/a"),
            ("http://api.example:80/a", "http://api.example/a"),
            ("http://api.example:443/a", "http://api.example:443/a"),
            ("https://api.example:8443/a", "https://api.example:8443/a"),
            ("https://api.example/a?b=c#d", "https://api.example/a"),
            ("https://api.example/a#d?b", "https://api.example/a"),
            ("https://api.example?b=c", "https://api.example/"),
            ("https://api.example/%7euser/%41%2f%c3%bc", "https://api.example/~user/A%2F%C3%BC"),
            ("https://api.example/a/./b/../c", "https://api.example/a/c"),
            ("https://api.example/a/%2E%2e/b", "https://api.example/b"),
            ("https://api.example/../../a", "https://api.example/a"),
            ("https://api.example/a/.", "https://api.example/a/"),
            ("https://api.example/a/..", "https://api.example/"),
            ("https://api.example/a/", "https://api.example/a/"),
            ("https://api.example//a//b", "https://api.example//a//b"),
            ("https://api.example/a//", "https://api.example/a//"),
            ("https://api.example/a//.", "https://api.example/a//"),
            ("https://api.example/a//..", "https://api.example/a/"),
            ("https://api.example//..", "https://api.example/"),
            ("https://api.example/.", "https://api.example/"),
            ("https://api.example/A", "https://api.example/A"),
            ("https://[2001:DB8::1]:443/a", "https://[2001:db8::1]/a"),
            ("https://api.example/a;b=c,d@e:f", "https://api.example/a;b=c,d@e:f"),
        ] {
            assert_eq!(normal(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn s08_texts_that_are_not_urls_of_http_have_none() {
        for text in [
            "",
            "/a",
            "api.example/a",
            "//api.example/a",
            "https:///a",
            "https://",
            "https://:443/",
            "ftp://api.example/a",
            "wss://api.example/a",
            "urn:example:a",
            "https://user@api.example/",
            "https://user:password@api.example/",
            "https://@api.example/",
            "https://api.example:99999/",
            "https://api.example:a/",
            "https://api.example/a b",
            " https://api.example/",
            "https://api.example/\n",
            "https://api.example/größe",
            "https://api.example/%",
            "https://api.example/%2",
            "https://api.example/%zz",
            "https://api.example/%+1",
            "https://api.example/{id}",
            "https://api.example\\a",
            "https://api.example/a\"",
        ] {
            assert_eq!(normal(text), None, "{text}");
        }
    }
}
