//! The worked cases of the rules, with persons of their own in a ledger that holds all cases.

use serde_json::Value;

/// The persons of a case, in the order in which the case names them: each subject, and the person
/// of this ledger who takes its place.
pub fn persons(case: &Value, number: u32) -> Vec<(String, String)> {
    let mut subjects: Vec<String> = Vec::new();
    for event in case["events"].as_array().unwrap() {
        let subject = event["subject"].as_str().unwrap().to_owned();
        if !subjects.contains(&subject) {
            subjects.push(subject);
        }
    }
    let person = |place: u32| super::person(number * 10 + place).to_string();
    subjects.into_iter().zip(0..).map(|(subject, place)| (subject, person(place))).collect()
}
