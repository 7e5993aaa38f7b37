//! The document at `/openapi.json`.
//! Always: its operations are those of the routes, and the schemas of events are the very files of
//! the vocabulary.

use std::sync::OnceLock;

use bytes::Bytes;
use serde_json::json;
use utoipa::openapi::{InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder};

use super::components::components;

const DESCRIPTION: &str = "Care events in; a person's history, trajectory and credit of days out. \
    Events are CloudEvents 1.0; errors are RFC 9457 problems; the conventions are those of the \
    Belgif REST guide, except that CloudEvents extension attributes are accepted on input. A \
    request for a host that the service does not serve gets 421 `misdirectedRequest`.";

/// The contract. Its text, which all answers share, is made when the first request asks for it.
pub struct Contract {
    operations: OpenApi,
    text: OnceLock<Bytes>,
}

impl Contract {
    /// A document without operations, to which the routes add theirs.
    pub fn start() -> OpenApi {
        let info = InfoBuilder::new()
            .title("Care Ledger")
            .version(env!("CARGO_PKG_VERSION"))
            .description(Some(DESCRIPTION))
            .license(Some(LicenseBuilder::new().name("EUPL-1.2").build()));
        OpenApiBuilder::new().info(info.build()).build()
    }

    /// The contract with the operations of all routes.
    pub fn new(operations: OpenApi) -> Self {
        Self { operations, text: OnceLock::new() }
    }

    /// The contract as JSON.
    pub fn text(&self) -> Bytes {
        let text = self.text.get_or_init(|| {
            let document = serde_json::to_value(&self.operations);
            let mut document = document.expect("the contract serialises into memory");
            document["components"] = json!({"schemas": components()});
            document.to_string().into()
        });
        text.clone()
    }
}
