//! Reads the parts of a projection from a request: the program alone, or a form of parts.

use axum::body::Body;
use axum::extract::{FromRequest as _, Multipart, Request};
use axum::http::{HeaderMap, header};

use crate::http::app::App;
use crate::http::events::body;
use crate::http::problem::Problem;
use crate::http::problem::issue::{Issue, RequestPart};
use crate::http::problem::kind::ProblemType;
use crate::projection::runner::parts::{PARTS_BYTES_MAX, Parts};

const LIMIT: &str = "1 MiB for all parts together";

/// The bytes that a form adds to its parts: boundaries and headers of four parts.
const FORM_BYTES: usize = 16 << 10;

/// Reads the parts of a request.
///
/// # Errors
/// A 413, 415 or 400, or what reading the body can meet.
pub async fn read(app: &App, request: Request) -> Result<Parts, Problem> {
    let (head, content) = request.into_parts();
    let parts = match media_type(&head.headers) {
        Some("text/javascript" | "application/javascript") => {
            let bytes = body::read(app, &head.headers, content, PARTS_BYTES_MAX, LIMIT).await?;
            Parts::of_program(text(bytes.to_vec(), "projection")?)
        }
        Some("multipart/form-data") => {
            let most = PARTS_BYTES_MAX + FORM_BYTES;
            let bytes = body::read(app, &head.headers, content, most, LIMIT).await?;
            form(Request::from_parts(head, Body::from(bytes))).await?
        }
        _ => {
            body::discard_for_a_while(content).await;
            return Err(Problem::new(ProblemType::UnsupportedMediaType));
        }
    };
    let Parts { projection, summary, chart, fixtures } = &parts;
    let others = [summary, chart, fixtures].into_iter().flatten();
    let bytes = projection.len() + others.map(String::len).sum::<usize>();
    if bytes > PARTS_BYTES_MAX { Err(Problem::too_large(LIMIT)) } else { Ok(parts) }
}

/// The media type without its parameters.
fn media_type(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(text.split(';').next().unwrap_or(text).trim())
}

async fn form(request: Request) -> Result<Parts, Problem> {
    let malformed = || refused("", "The body is no form of parts.");
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| malformed())?;
    let mut projection = None;
    let mut parts = Parts::default();
    while let Some(field) = form.next_field().await.map_err(|_| malformed())? {
        let name = field.name().unwrap_or_default().to_owned();
        let bytes = field.bytes().await.map_err(|_| malformed())?;
        let place = match name.as_str() {
            "projection" => &mut projection,
            "summary" => &mut parts.summary,
            "chart" => &mut parts.chart,
            "fixtures" => &mut parts.fixtures,
            _ => {
                let rule = "The parts are projection, summary, chart and fixtures.";
                return Err(refused("", rule));
            }
        };
        if place.is_some() {
            return Err(refused(&name, "This part stands twice."));
        }
        *place = Some(text(bytes.to_vec(), &name)?);
    }
    let missing = || refused("projection", "This part is required.");
    Ok(Parts { projection: projection.ok_or_else(missing)?, ..parts })
}

fn text(bytes: Vec<u8>, part: &str) -> Result<String, Problem> {
    String::from_utf8(bytes).map_err(|_| refused(part, "Must be UTF-8."))
}

fn refused(part: &str, rule: &str) -> Problem {
    Problem::bad_request(vec![Issue::invalid(RequestPart::Body, part, rule)])
}
