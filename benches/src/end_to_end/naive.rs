//! What a user writes without the client.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::by_hand::agent;
use super::competitor::{BenchResult, Competitor, runtime};
use super::{KEY, Task, check};
use crate::status_body::StatusBody;
use crate::submission::{DOCUMENT_TYPE, FILE_NAME};

/// The body of a submit.
#[derive(Serialize)]
struct Submit<'a> {
    file_name: &'a str,
    document_type_name: &'a str,
    file: String,
}

/// The response to a submit.
#[derive(Deserialize)]
struct Accepted {
    extraction_id: String,
}

pub(super) fn over_ureq(
    name: &'static str,
    task: &Task,
    max_in_flight: usize,
) -> BenchResult<Competitor> {
    let (agent, task) = (agent(), task.clone());
    Ok(Competitor::blocking(name, max_in_flight, move || {
        let request = agent
            .post(format!("{}/api/extract-data-async", task.base))
            .header("authorization", format!("Token {KEY}"));
        let accepted: Accepted = request.send_json(submit(&task))?.body_mut().read_json()?;
        loop {
            let request = agent
                .get(poll(&task, &accepted))
                .header("authorization", format!("Token {KEY}"));
            if is_finished(&request.call()?.body_mut().read_json()?)? {
                return Ok(());
            }
        }
    }))
}

pub(super) fn over_reqwest(
    name: &'static str,
    task: &Task,
    max_in_flight: usize,
) -> BenchResult<Competitor> {
    let (client, task) = (reqwest::Client::builder().no_proxy().build()?, task.clone());
    Ok(Competitor::asynchronous(
        name,
        max_in_flight,
        runtime()?,
        move |_| {
            let (client, task) = (client.clone(), task.clone());
            async move {
                let request = client
                    .post(format!("{}/api/extract-data-async", task.base))
                    .header("authorization", format!("Token {KEY}"));
                let accepted: Accepted = request.json(&submit(&task)).send().await?.json().await?;
                loop {
                    let request = client
                        .get(poll(&task, &accepted))
                        .header("authorization", format!("Token {KEY}"));
                    if is_finished(&request.send().await?.json().await?)? {
                        return Ok(());
                    }
                }
            }
        },
    ))
}

fn submit(task: &Task) -> Submit<'static> {
    Submit {
        file_name: FILE_NAME,
        document_type_name: DOCUMENT_TYPE,
        file: STANDARD.encode(&task.document),
    }
}

fn poll(task: &Task, accepted: &Accepted) -> String {
    format!(
        "{}/api/get-extraction-data?extraction_id={}",
        task.base, accepted.extraction_id
    )
}

fn is_finished(body: &StatusBody) -> BenchResult<bool> {
    if body.status == "IN_PROGRESS" {
        return Ok(false);
    }
    let total = body
        .result
        .extracted_fields
        .iter()
        .find(|field| field.name == "total_amount");
    check(total.and_then(|field| field.values.first()?.value.as_deref())).map(|()| true)
}
