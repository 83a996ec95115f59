//! The `Retry-After` header.

use std::time::Duration;

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};

/// The shortest wait returned.
const MIN_WAIT: Duration = Duration::from_secs(1);
/// The longest wait returned.
const MAX_WAIT: Duration = Duration::from_secs(3600);

/// The wait that the `Retry-After` headers of a response ask for, from 1 s to 1 h.
///
/// A header is seconds or a date. A date counts from the response's own `Date`, never from a local
/// clock, and is ignored if that header is missing. Of several headers the longest wait counts.
/// Invalid headers are ignored; `None` if none is valid. The vendor documents no such header.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let texts = headers
        .get_all(RETRY_AFTER)
        .iter()
        .filter_map(|value| value.to_str().ok());
    texts.filter_map(|text| parse(text.trim(), headers)).max()
}

fn parse(text: &str, headers: &HeaderMap) -> Option<Duration> {
    let wait = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit into a u64 are still a number, and a large one.
        Duration::from_secs(text.parse().unwrap_or(u64::MAX))
    } else {
        parse_date(text)?.saturating_sub(response_date(headers)?)
    };
    Some(wait.clamp(MIN_WAIT, MAX_WAIT))
}

/// The response's `Date`. Parsed only when needed: few responses have a dated hint.
fn response_date(headers: &HeaderMap) -> Option<Duration> {
    headers
        .get(DATE)
        .and_then(|value| value.to_str().ok())
        .and_then(parse_date)
}

/// An HTTP date as the time since the Unix epoch; earlier dates count as the epoch.
#[expect(
    clippy::disallowed_types,
    reason = "the parser's own type for a date; no clock is read"
)]
fn parse_date(text: &str) -> Option<Duration> {
    let date = httpdate::parse_http_date(text).ok()?;
    Some(
        date.duration_since(std::time::SystemTime::UNIX_EPOCH)
            .unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    const DATE_VALUE: &str = "Mon, 23 Nov 2026 10:00:00 GMT";

    #[track_caller]
    fn check(values: &[&'static str], expected: Option<u64>) {
        let mut headers = HeaderMap::new();
        headers.insert(DATE, HeaderValue::from_static(DATE_VALUE));
        for value in values {
            headers.append(RETRY_AFTER, HeaderValue::from_static(value));
        }
        assert_eq!(
            retry_after(&headers),
            expected.map(Duration::from_secs),
            "{values:?}"
        );
    }

    #[test]
    fn seconds_are_held_between_one_second_and_one_hour() {
        check(&["5"], Some(5));
        check(&[" 30 "], Some(30));
        check(&["0"], Some(1));
        check(&["86400"], Some(3600));
        check(&["1000000000000000000000000"], Some(3600));
    }

    #[test]
    fn dates_count_from_the_date_of_the_response() {
        check(&["Mon, 23 Nov 2026 10:02:00 GMT"], Some(120));
        check(&["Mon, 23 Nov 2026 09:00:00 GMT"], Some(1));
        check(&["Fri, 31 Dec 9999 23:59:59 GMT"], Some(3600));
        let mut headers = HeaderMap::new();
        headers.insert(
            RETRY_AFTER,
            HeaderValue::from_static("Mon, 23 Nov 2026 10:02:00 GMT"),
        );
        assert_eq!(
            retry_after(&headers),
            None,
            "without a Date there is nothing to count from"
        );
    }

    #[test]
    fn what_cannot_be_read_is_ignored_and_the_longest_wins() {
        check(&[], None);
        check(&["soon", "-1", "1e18", "1.5", ""], None);
        check(&["5", "20", "soon"], Some(20));
    }
}
