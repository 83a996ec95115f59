//! A checksum over stored data, to notice damage when it is read.

/// A checksum built field by field: 64-bit FNV-1a over the fields that are present, in the order of
/// the format, each as `name=length:value;`, with the value's length in bytes.
///
/// It covers the values, not how the JSON is written, so a database may reorder and reformat it. It
/// detects accidents, not forgery.
#[derive(Clone, Copy)]
pub(super) struct Check(u64);

const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

impl Check {
    /// The check of nothing.
    pub(super) const fn new() -> Self {
        Self(OFFSET_BASIS)
    }

    /// Adds a field, if it is present.
    pub(super) fn text(self, name: &str, value: Option<&str>) -> Self {
        let Some(value) = value else { return self };
        self.bytes(name)
            .bytes("=")
            .bytes(&value.len().to_string())
            .bytes(":")
            .bytes(value)
            .bytes(";")
    }

    /// Adds a number, as its decimal digits.
    pub(super) fn number(self, name: &str, value: u64) -> Self {
        self.text(name, Some(&value.to_string()))
    }

    /// A boolean as text.
    pub(super) const fn flag_text(value: bool) -> &'static str {
        if value { "true" } else { "false" }
    }

    /// The 16 hexadecimal digits of the checksum, in lower case.
    pub(super) fn digits(self) -> String {
        format!("{:016x}", self.0)
    }

    fn bytes(self, text: &str) -> Self {
        Self(text.bytes().fold(self.0, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(PRIME)
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::Check;

    #[test]
    fn it_is_the_published_hash() {
        // The test vectors of the hash's authors.
        assert_eq!(Check::new().digits(), "cbf29ce484222325");
        assert_eq!(Check::new().bytes("a").digits(), "af63dc4c8601ec8c");
        assert_eq!(Check::new().bytes("foobar").digits(), "85944171f73967e8");
        assert_eq!(
            Check::new().text("a", Some("é")).digits(),
            Check::new().bytes("a=2:é;").digits()
        );
    }

    #[test]
    fn fields_do_not_run_into_each_other() {
        let check =
            |a: Option<&str>, b: Option<&str>| Check::new().text("a", a).text("b", b).digits();
        let different = [
            check(None, None),
            check(Some(""), None),
            check(None, Some("")),
            check(Some("1"), Some("2")),
            check(Some("2"), Some("1")),
            check(Some("12"), None),
            check(Some("1;b=1:2"), None),
        ];
        for (index, one) in different.iter().enumerate() {
            assert!(!different[index + 1..].contains(one), "{index}");
        }
    }
}
