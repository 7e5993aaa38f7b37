//! An event as a program sees it. The engine asks for each part only when the program touches it.
//! Source: the envelope of KurrentDB's projection runtime.

/// What a program can ask of an event.
pub trait ScriptEvent {
    /// The name of the event's stream.
    fn stream(&self) -> &str;
    /// The event's type.
    fn event_type(&self) -> &str;
    /// The number of the event in its stream.
    fn sequence_number(&self) -> u64;
    /// When the event was recorded: RFC 3339 with seven decimals and `Z`.
    fn created(&self) -> String;
    /// The id of the event, a UUID.
    fn event_id(&self) -> String;
    /// Whether the body is JSON.
    fn is_json(&self) -> bool;
    /// The body as it was sent.
    fn body(&self) -> Option<&str>;
    /// The JSON text that `data` is read from: the body, or its newest form.
    fn data(&self) -> Option<&str>;
    /// The metadata, JSON text.
    fn metadata(&self) -> Option<String>;
}

/// Whether an event has data: its body is not absent, empty or blank.
pub fn has_data(event: &dyn ScriptEvent) -> bool {
    event.body().is_some_and(|body| !body.trim().is_empty())
}

/// The category of a stream: the text before its first `-`.
pub fn category(stream: &str) -> &str {
    stream.split_once('-').map_or(stream, |(category, _)| category)
}
