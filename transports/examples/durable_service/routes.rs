//! HTTP: takes documents and webhooks, and shows results.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{Request, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use typless::machine::Batch;
use typless::wire::Webhook;

use crate::add::{AddError, Adder};
use crate::row::{self, Row};

/// The largest document.
const MAX_BYTES: usize = 32 * 1024 * 1024;

/// Where the service posts its messages. In production, `Webhook::with_secret_in_path` keeps
/// others out; they could only make polls earlier.
const WEBHOOK: &str = "/typless";

pub(crate) fn router(adder: Adder) -> Result<Router, typless::wire::ConfigError> {
    let webhook = Arc::new(Webhook::new(WEBHOOK)?);
    Ok(Router::new()
        .route("/documents", get(list))
        .route("/documents/{id_or_name}", get(show).post(add))
        .route(
            WEBHOOK,
            post(move |adder, uri, body| receive(webhook, adder, uri, body)),
        )
        .layer(DefaultBodyLimit::max(MAX_BYTES))
        .with_state(adder))
}

/// Responds once the document can't be lost. Until then a client repeats the request.
async fn add(State(adder): State<Adder>, Path(name): Path<String>, content: Bytes) -> Response {
    // A task of its own: if the client hangs up, axum drops this future, perhaps between the row
    // and the job.
    let added = tokio::spawn(async move { adder.add(name, content).await });
    match added.await {
        Ok(Ok(id)) => (StatusCode::ACCEPTED, Json(json!({ "id": id }))).into_response(),
        Ok(Err(AddError::Invalid(error))) => {
            error_response(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string())
        }
        Ok(Err(AddError::NotStored(cause))) => {
            error_response(StatusCode::SERVICE_UNAVAILABLE, &cause)
        }
        Err(_) => error_response(StatusCode::INTERNAL_SERVER_ERROR, "it has panicked"),
    }
}

async fn show(State(adder): State<Adder>, Path(id): Path<String>) -> Response {
    match adder.store.rows().get(&id) {
        Some(row) => Json(view(row)).into_response(),
        None => error_response(StatusCode::NOT_FOUND, "there is no such document"),
    }
}

/// All documents without their results.
async fn list(State(adder): State<Adder>) -> Json<Vec<Value>> {
    let rows = adder.store.rows();
    let summary = |row: &Row| {
        json!({
            "id": row.document.id,
            "name": row.document.name,
            "status": row.state.status(),
        })
    };
    Json(rows.values().map(summary).collect())
}

async fn receive(
    webhook: Arc<Webhook>,
    State(adder): State<Adder>,
    uri: Uri,
    body: Bytes,
) -> Result<Response, StatusCode> {
    let request = Request::post(uri).body(body);
    let (response, notification) = webhook.receive(&request.map_err(|_| StatusCode::BAD_REQUEST)?);
    if let Some(notification) = notification {
        let notify = move |batch: &mut Batch, now| batch.handle_notification(&notification, now);
        adder.batch.push(notify);
    }
    Ok(response.map(Body::from))
}

fn view(row: &Row) -> Value {
    let mut view = json!({
        "id": row.document.id,
        "name": row.document.name,
        "status": row.state.status(),
    });
    match &row.state {
        row::State::Succeeded(extraction) => view["result"] = json!(extraction),
        row::State::Failed(error) => {
            view["error"] = json!({ "code": error.code(), "message": error.to_string() });
        }
        row::State::New | row::State::Unfinished(_) | row::State::Submitted(_) => {}
    }
    view
}

fn error_response(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "error": message }))).into_response()
}
