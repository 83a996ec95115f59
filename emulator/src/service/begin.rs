//! What follows after a document was read.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Serialize;
use typless::machine::Time;

use super::choices::SubmitStatus;
use super::extractions::Data;
use super::id::Id;
use super::refusal::Refusal;
use super::submission::Reading;
use super::{Service, envelope, json, to_body};
use crate::ExtractionResult;

impl Service {
    /// Begins an extraction, and responds with its id.
    pub(super) fn begin(&mut self, reading: Reading, now: Time) -> Response<Bytes> {
        #[derive(Serialize)]
        struct Accepted {
            extraction_id: Id,
        }
        let options = self.options.clone();
        let extraction_id = self.ids.next(now);
        let object_id = self.ids.next(now).to_string();
        let finished = self.work.finish(&options, now);
        let listed = self.queue.draw_is_listed(&options.queue);
        self.plan_webhook(extraction_id, reading.outcome.is_ok(), finished);

        let (body, text_blocks) = match &*reading.outcome {
            Ok(read) => {
                let result = ExtractionResult::new(&read.findings, &object_id, &reading.file_name)
                    .with_customer(reading.customer.as_deref());
                (
                    envelope::success(&self.in_form(result), options.choices.no_error),
                    read.text_blocks.clone(),
                )
            }
            Err(error) => (envelope::error(error), None),
        };
        let data = Data {
            body,
            text_blocks,
            customer: reading.customer.map(Into::into),
        };
        self.extractions.add(
            extraction_id,
            now,
            finished,
            finished + options.retention,
            data,
            listed,
        );
        self.count_accepted(reading.file_name);

        let status = match options.choices.submit_status {
            SubmitStatus::Accepted => StatusCode::ACCEPTED,
            SubmitStatus::Ok => StatusCode::OK,
        };
        json(status, to_body(&Accepted { extraction_id }))
    }

    /// Responds with the result itself.
    pub(super) fn extract_now(
        &mut self,
        reading: Reading,
        now: Time,
    ) -> Result<Response<Bytes>, Refusal> {
        let Reading {
            file_name,
            customer,
            outcome,
            ..
        } = reading;
        let read = outcome
            .as_ref()
            .as_ref()
            .map_err(|error| Refusal::Unreadable(error.clone()))?;
        let object_id = self.ids.next(now).to_string();
        let result = ExtractionResult::new(&read.findings, &object_id, &file_name)
            .with_customer(customer.as_deref());
        let mut body = to_body(&self.in_form(result));
        if let Some(blocks) = &read.text_blocks {
            body = envelope::add_text_blocks(&body, blocks, b"}");
        }
        self.synchronous += 1;
        self.count_accepted(file_name);
        Ok(json(StatusCode::OK, body))
    }

    fn plan_webhook(&mut self, extraction_id: Id, succeeds: bool, finished: Time) {
        let Some(webhook) = &self.options.webhook else {
            return;
        };
        if (succeeds || webhook.about_failures)
            && !self.outbox.plan(webhook, extraction_id, finished)
        {
            self.counters.counts_mut().webhooks_lost += 1;
        }
    }

    fn count_accepted(&mut self, file_name: String) {
        *self.accepted_names.entry(file_name).or_default() += 1;
    }

    fn in_form<'a>(&self, result: ExtractionResult<'a>) -> ExtractionResult<'a> {
        let choices = self.options.choices;
        result
            .with_confidence_form(choices.confidence_form)
            .with_missing_field(choices.missing_field)
    }
}
