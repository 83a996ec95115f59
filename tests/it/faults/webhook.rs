//! Webhooks that are late, early, repeated, unknown, forged or invalid: the rows W of
//! `docs/faults.md`.

use std::time::Duration;

use crate::support::{ID, Run, START, accepted, in_progress, response, response_with, success};
use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderName};
use http::{Method, Request, StatusCode};
use typless::machine::{JobEventKind, JobOptions, Machine, Output, PollReason, RequestId};
use typless::wire::{Notification, Webhook, WebhookSecret};

const SECRET: &str = "8c3f0d6b5a9e4712";

/// The vendor's sample message, for this extraction.
fn message(id: &str) -> String {
    format!(
        r#"{{"event_id": "0e895e25cfa24844c724c0c675da4078b7d13b32",
            "event_time": "2022-02-03T10:19:17.388584",
            "data": {{"id": "{id}", "message": "Extraction process finished"}},
            "type": "extraction.finished"}}"#
    )
}

fn notification(id: &str) -> Notification {
    Notification::decode(message(id).as_bytes()).unwrap()
}

fn post(path: &str, body: impl Into<Bytes>) -> Request<Bytes> {
    Request::post(path).body(body.into()).unwrap()
}

/// The status of a receiver at `/hooks` without a secret for this body, and whether it has a
/// notification.
fn received(body: impl Into<Bytes>) -> (u16, bool) {
    let (response, notification) = Webhook::new("/hooks")
        .unwrap()
        .receive(&post("/hooks", body));
    (response.status().as_u16(), notification.is_some())
}

/// How many polls became due for this reason.
fn polls(run: &Run, because: PollReason) -> usize {
    run.count(|kind| matches!(kind, JobEventKind::PollDue { reason, .. } if *reason == because))
}

#[test]
fn w01_a_message_repeated_ten_times_brings_one_poll() {
    let mut run = Run::submitted();
    (0..10).for_each(|_| run.job.handle_notification(&notification(ID), run.now));
    run.reply(in_progress());
    assert_eq!(run.now, START);
    run.reply(in_progress()).reply(success()).succeeded();
    assert_eq!(polls(&run, PollReason::Notification), 1);
}

#[test]
fn w02_a_message_before_the_response_to_its_submit_is_remembered() {
    let mut run = Run::with(JobOptions::new());
    let submit = run.next_request().unwrap();
    run.job
        .handle_notification(&notification("another"), run.now);
    run.job.handle_notification(&notification(ID), run.now);
    run.advance(Duration::from_secs(30));
    run.job.handle_response(submit.id, accepted(), run.now);
    run.reply(success()).succeeded();
    assert_eq!(
        (run.now, polls(&run, PollReason::Notification)),
        (START + Duration::from_secs(30), 1)
    );
}

#[test]
fn w02_a_message_more_than_ten_minutes_before_it_is_forgotten() {
    let mut run = Run::with(JobOptions::new());
    run.reply(response_with(429, ("retry-after", "600"), ""));
    run.job.handle_notification(&notification(ID), run.now);
    run.reply(accepted()).reply(success()).succeeded();
    assert_eq!(
        (
            run.now > START + Duration::from_secs(600),
            polls(&run, PollReason::Policy)
        ),
        (true, 1)
    );
}

#[test]
fn w02_a_message_before_it_does_not_shorten_a_requested_pause() {
    let mut run = Run::with(JobOptions::new());
    let submit = run.next_request().unwrap();
    run.job.handle_notification(&notification(ID), run.now);
    run.job.handle_response(
        submit.id,
        response_with(
            202,
            ("retry-after", "60"),
            &format!(r#"{{"extraction_id": "{ID}"}}"#),
        ),
        run.now,
    );
    run.reply(success()).succeeded();
    assert_eq!(run.now, START + Duration::from_secs(60));
}

#[test]
fn w03_a_forger_who_knows_the_id_gets_a_poll_a_second_and_no_more() {
    let mut run = Run::submitted();
    let mut polls = 0;
    for _ in 0..100 {
        run.job.handle_notification(&notification(ID), run.now);
        while let Some(transmit) = pull(&mut run) {
            polls += 1;
            run.job.handle_response(transmit, in_progress(), run.now);
        }
        run.advance(Duration::from_millis(100));
    }
    assert!((5..=11).contains(&polls), "{polls}");
    assert!(run.outcome().is_none(), "no outcome");
}

#[test]
fn w04_a_flood_of_random_ids_makes_no_request_and_leaves_nothing_behind() {
    let flood: Vec<Notification> = (0..20_000)
        .map(|number| notification(&format!("{number:040x}")))
        .collect();
    let mut run = Run::with(JobOptions::new());
    let submit = run.next_request().unwrap();
    // A million ids, all different among the last 20 000: more than are remembered.
    for _ in 0..50 {
        flood
            .iter()
            .for_each(|notification| run.job.handle_notification(notification, run.now));
    }
    run.job.handle_notification(&notification(ID), run.now);
    run.job.handle_response(submit.id, accepted(), run.now);
    run.reply(in_progress());
    assert_eq!(
        polls(&run, PollReason::Notification),
        1,
        "ours came last, and was found among them"
    );
    for _ in 0..50 {
        flood
            .iter()
            .for_each(|notification| run.job.handle_notification(notification, run.now));
    }
    run.reply(success()).succeeded();
    assert_eq!(
        (
            polls(&run, PollReason::Notification),
            polls(&run, PollReason::Policy)
        ),
        (1, 1)
    );
}

#[test]
fn w05_a_message_about_an_unknown_document_changes_nothing() {
    let mut run = Run::submitted();
    run.job.handle_notification(
        &notification("0e895e08e170ec2d89ddc313792d7f7b89c0a203"),
        run.now,
    );
    run.reply(success()).succeeded();
    assert_eq!(
        (
            polls(&run, PollReason::Notification),
            polls(&run, PollReason::Policy)
        ),
        (0, 1)
    );
}

#[test]
fn w06_an_invalid_message_gets_400_and_a_too_large_one_413() {
    let no_messages = [
        "",
        "<html>",
        "null",
        "[]",
        "{}",
        r#"{"data": []}"#,
        r#"{"data": {"id": 5}}"#,
        r#"{"data": {"id": ""}}"#,
        "\u{feff}",
    ];
    for body in no_messages {
        assert_eq!(received(body), (400, false), "{body}");
    }
    let deep = "[".repeat(Notification::MAX_BYTES);
    assert_eq!(received(deep), (400, false));
    assert_eq!(
        received(&b"{\"data\": {\"id\": \"\xff\"}}"[..]),
        (400, false)
    );
    assert_eq!(
        received(" ".repeat(Notification::MAX_BYTES + 1) + &message(ID)),
        (413, false)
    );
    let declared = Request::post("/hooks")
        .header("content-length", "1000000")
        .body(())
        .unwrap();
    let refusal = Webhook::new("/hooks").unwrap().refuse(&declared);
    assert_eq!(
        refusal.unwrap().status(),
        StatusCode::PAYLOAD_TOO_LARGE,
        "without its body being read"
    );
}

#[test]
fn w07_an_old_message_sent_again_brings_one_poll() {
    let mut run = Run::submitted();
    run.job.handle_notification(&notification(ID), run.now);
    run.reply(in_progress())
        .advance(Duration::from_secs(3600))
        .reply(in_progress())
        .advance(Duration::from_secs(10));
    let before = run.now;
    run.job.handle_notification(&notification(ID), run.now);
    run.reply(in_progress());
    assert_eq!(
        (run.now, polls(&run, PollReason::Notification)),
        (before, 2)
    );
}

#[test]
fn w08_the_time_of_an_event_is_text_and_decides_nothing() {
    let read = |time: &str| {
        let json = format!(
            r#"{{"event_id": 7, "event_time": {time}, "data": {{"id": "{ID}"}},
                "type": "extraction.finished"}}"#
        );
        let notification = Notification::decode(json.as_bytes()).unwrap();
        assert_eq!(
            (notification.event_id(), notification.event_type()),
            (Some("7"), Some(Notification::FINISHED))
        );
        notification.event_time().map(str::to_owned)
    };
    for time in [
        "2022-02-03T10:19:17.388584",
        "2022-02-03T10:19:17Z",
        "9999-99-99",
        "soon",
        "",
    ] {
        assert_eq!(read(&format!("{time:?}")).as_deref(), Some(time));
    }
    assert_eq!(
        [
            read("1700000000").as_deref(),
            read("null").as_deref(),
            read("{}").as_deref()
        ],
        [Some("1700000000"), None, None]
    );
}

#[test]
fn w09_without_any_message_the_polls_continue() {
    let mut run = Run::submitted();
    run.reply(in_progress())
        .reply(in_progress())
        .reply(success())
        .succeeded();
    assert_eq!(polls(&run, PollReason::Policy), 3);
}

#[test]
fn w10_a_message_after_the_outcome_is_ignored() {
    let mut run = Run::submitted();
    run.reply(success()).succeeded();
    run.job.handle_notification(&notification(ID), run.now);
    run.advance(Duration::from_secs(3600)).succeeded();
}

#[test]
fn w11_a_message_of_another_type_gets_2xx_and_changes_nothing() {
    let of = |kind: &str| received(format!(r#"{{"type": {kind}, "data": {{"id": "{ID}"}}}}"#));
    assert_eq!(
        [
            of(r#""extraction.finished""#),
            of(r#""Extraction.Finished""#),
            of("null")
        ],
        [(204, true); 3]
    );
    assert_eq!(
        [of(r#""extraction.started""#), of(r#""""#), of("7")],
        [(204, false); 3]
    );
    assert_eq!(
        received(r#"{"type": "training.finished", "data": {"model": 3}}"#),
        (204, false),
        "whatever else is in it"
    );
    assert_eq!(
        received(r#"{"type": "extraction.finished", "data": {"model": 3}}"#),
        (400, false)
    );
}

#[test]
fn w12_without_the_secret_in_the_path_it_is_404() {
    let webhook = Webhook::new("/hooks/typless/")
        .unwrap()
        .with_secret_in_path(WebhookSecret::new(SECRET).unwrap());
    let status = |path: &str| {
        webhook
            .receive(&post(path, message(ID)))
            .0
            .status()
            .as_u16()
    };
    assert_eq!(
        [
            status("/hooks/typless/8c3f0d6b5a9e4712"),
            status("/hooks/typless/8c3f0d6b5a9e4712/?a=b")
        ],
        [204; 2]
    );
    let wrong = [
        "/hooks/typless",
        "/",
        "/hooks/typless/",
        "/8c3f0d6b5a9e4712",
        "/hooks/typless/8c3f0d6b5a9e4712/more",
    ];
    for path in wrong {
        assert_eq!(status(path), 404, "{path}");
    }
    for at in 0..SECRET.len() {
        let (start, rest) = SECRET.split_at(at);
        assert_eq!(
            status(&format!("/hooks/typless/{start}x{}", &rest[1..])),
            404,
            "wrong at {at}"
        );
        assert_eq!(
            status(&format!("/hooks/typless/{start}")),
            404,
            "cut off at {at}"
        );
    }
    assert_eq!(
        status("/hooks/typless/8c3f0d6b5a9e47128c3f0d6b5a9e4712"),
        404
    );
    let get = Request::get("/hooks/typless/8c3f0d6b5a9e4712")
        .body(Bytes::new())
        .unwrap();
    let (response, notification) = webhook.receive(&get);
    assert_eq!(
        (
            response.status().as_u16(),
            response.headers()["allow"].to_str().unwrap()
        ),
        (405, Method::POST.as_str())
    );
    assert!(notification.is_none() && !format!("{webhook:?}").contains(SECRET));
}

#[test]
fn w12_without_the_secret_in_the_header_it_is_401() {
    let secret = || WebhookSecret::new(SECRET).unwrap();
    let asks = |name: HeaderName, value: Option<&str>| {
        let webhook = Webhook::new("/")
            .unwrap()
            .with_secret_in_header(name.clone(), secret());
        let mut request = post("/", message(ID));
        value.map(|value| request.headers_mut().insert(name, value.parse().unwrap()));
        let (response, notification) = webhook.receive(&request);
        assert_eq!(response.status().is_success(), notification.is_some());
        response.status().as_u16()
    };
    let own = HeaderName::from_static("x-webhook-secret");
    assert_eq!(
        [
            asks(own.clone(), Some(SECRET)),
            asks(AUTHORIZATION, Some("Bearer 8c3f0d6b5a9e4712"))
        ],
        [204; 2]
    );
    let wrong = [
        None,
        Some(""),
        Some("Bearer"),
        Some("Bearer "),
        Some("8c3f0d6b5a9e471"),
        Some("8c3f0d6b5a9e4712 8c3f0d6b5a9e4712"),
    ];
    for value in wrong {
        assert_eq!(
            [asks(own.clone(), value), asks(AUTHORIZATION, value)],
            [401; 2],
            "{value:?}"
        );
    }
}

#[test]
fn w12_invalid_secrets_are_refused_and_not_quoted() {
    for bad in [
        "",
        "tiny",
        "0123456789abcde",
        "0123456789 abcdef",
        "0123456789/abcdef",
        "0123456789äabcdef",
        &"0".repeat(257),
    ] {
        let error = WebhookSecret::new(bad).unwrap_err();
        assert_eq!(error.field(), "webhook_secret");
        assert!(bad.is_empty() || !format!("{error} {error:?}").contains(bad));
    }
    assert!(!format!("{:?}", WebhookSecret::new(SECRET)).contains(SECRET));
    for bad in ["", "hooks", "/a?b", "/a#b", "/a b", "/ä"] {
        assert_eq!(
            Webhook::new(bad).unwrap_err().field(),
            "webhook_path",
            "{bad}"
        );
    }
}

#[test]
fn w13_messages_out_of_order_reach_their_jobs() {
    let mut runs = [Run::with(JobOptions::new()), Run::with(JobOptions::new())];
    let submits = runs.each_mut().map(|run| run.next_request().unwrap().id);
    let ids = ["first", "second"];
    // The second finishes first, and both messages come before the response to either submit.
    for id in ids.iter().rev() {
        runs.iter_mut()
            .for_each(|run| run.job.handle_notification(&notification(id), run.now));
    }
    for ((run, submit), id) in runs.iter_mut().zip(submits).zip(ids) {
        run.job.handle_response(
            submit,
            response(202, &format!(r#"{{"extraction_id": "{id}"}}"#)),
            run.now,
        );
        let poll = run.next_request().unwrap();
        assert_eq!(
            (poll.request.uri().query().unwrap(), run.now),
            (format!("extraction_id={id}").as_str(), START)
        );
    }
}

/// The next request, if there is one now.
fn pull(run: &mut Run) -> Option<RequestId> {
    loop {
        match run.job.next_output(run.now) {
            Output::Send(transmit) => return Some(transmit.id),
            Output::Event(event) => run.events.push(event),
            Output::Wait(_) | Output::NeedInput | Output::Done => return None,
        }
    }
}
