//! All pages of one cursor show one moment.

use std::collections::BTreeSet;

use care_ledger::projection::{CreditFilter, ListError, PageRequest, Pin, TrajectoryFilter};
use serde_json::{Value, json};

use super::country::{Country, event, lives};
use crate::support::person;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_pins_the_moment_while_all_moves_on() {
    let folder = tempfile::tempdir().unwrap();
    let lives = lives(150);
    let (first, rest) = lives.split_at(lives.len() / 2);
    let country = Country::open(folder.path(), "2025-10-28T12:00:00Z").await;
    country.record(first).await;
    let before: BTreeSet<_> = country.everybody().await.into_iter().collect();
    let (filter, limit) = (TrajectoryFilter::default(), 11);
    let mut asked = PageRequest { pin: None, after: None, limit };
    let (mut items, mut pin): (Vec<Value>, Option<Pin>) = (Vec::new(), None);
    let mut later = rest.chunks(rest.len() / 8 + 1);
    let days = ["10-29", "11-02", "11-09", "11-10", "11-17", "11-18", "11-24", "11-30"];
    let mut days = days.iter();
    loop {
        let page = country.lists.trajectories(&filter, asked).await.unwrap();
        assert!(pin.is_none_or(|pin| pin == page.pin));
        pin = Some(page.pin);
        items.extend(page.items.iter().map(|item| serde_json::to_value(item).unwrap()));
        let Some(next) = page.next else { break };
        asked = PageRequest { pin, after: Some(next), limit };
        if let (Some(events), Some(day)) = (later.next(), days.next()) {
            country.record(events).await;
            country.set_clock(&format!("2025-{day}T12:00:00Z"));
        }
    }
    assert!(later.next().is_none(), "all was recorded while the pages were read");
    let pin = pin.unwrap();
    let mut listed = BTreeSet::new();
    for mut item in items {
        let person = item["person"].as_str().unwrap().parse().unwrap();
        assert!(listed.insert(person), "{person} stands there twice");
        let mut expected = country.trajectory(person, pin).await.unwrap();
        for told in [&mut item, &mut expected] {
            let members = told.as_object_mut().unwrap();
            members.remove("at");
            members.remove("known");
        }
        assert_eq!(item, expected, "{person}");
    }
    assert_eq!(listed, before, "whoever came later is not of that moment");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_of_what_the_lists_have_not_read_is_told_to_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let country = Country::open(folder.path(), "2025-12-01T12:00:00Z").await;
    country.record(&lives(10)).await;
    let now = country.trajectories(&TrajectoryFilter::default(), 1).await.pin.unwrap();
    let position = care_ledger::domain::id::Position::new(now.position.number() + 1);
    let asked = PageRequest { pin: Some(Pin { position, ..now }), after: None, limit: 5 };
    let refused = country.lists.trajectories(&TrajectoryFilter::default(), asked).await;
    assert!(matches!(refused, Err(ListError::Behind(to)) if to == now.position), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_clock_has_passed_everybody_pages_are_short_and_still_whole() {
    let folder = tempfile::tempdir().unwrap();
    let country = Country::open(folder.path(), "2025-11-20T12:00:00Z").await;
    country.record(&lives(1_400)).await;
    country.set_clock("2025-11-28T12:00:00Z");
    // The loop has not woken yet, so each page folds rows again, up to its limit, and goes on.
    let all = country.trajectories(&TrajectoryFilter::default(), 10_000).await;
    assert_eq!(all.persons(), country.listed_persons(all.pin.unwrap()).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_with_more_items_than_a_page_has_is_passed_in_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let country = Country::open(folder.path(), "2026-03-05T12:00:00Z").await;
    let grants = [(1, 1), (2, 5), (3, 1), (4, 3)];
    for (n, count) in grants {
        for grant in 0..count {
            let id = format!("{n}-{grant}");
            let data = json!({"modality": id, "kind": "electronicMonitoring", "judgment": "j",
                "startsOn": format!("2026-02-{:02}", grant + 1)});
            let time = "2026-01-20T10:00:00+01:00";
            country.record_one(&event(person(n), &id, "modality.granted", time, data)).await;
        }
    }
    assert!(country.caught_up().await);
    for now in ["2026-03-05T12:00:00Z", "2026-03-07T12:00:00Z"] {
        country.set_clock(now);
        for limit in 1..=6 {
            let listed = country.credits(&CreditFilter::default(), limit).await;
            assert_eq!(listed.items.len(), 10, "{limit} a page");
            assert!(listed.pages <= 12, "{limit} a page: {} pages", listed.pages);
            assert_eq!(country.differences().await, [""; 0]);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_that_are_still_being_made_are_waited_for_and_never_empty() {
    let folder = tempfile::tempdir().unwrap();
    let country = Country::open(folder.path(), "2025-12-01T12:00:00Z").await;
    country.record(&lives(150)).await;
    drop(country);
    std::fs::remove_file(folder.path().join("lists.db")).unwrap();
    let country = Country::open(folder.path(), "2025-12-01T12:00:00Z").await;
    let filter = TrajectoryFilter::default();
    let all = PageRequest { pin: None, after: None, limit: 1_000 };
    let page = loop {
        match country.lists.trajectories(&filter, all).await {
            // A busy machine needs longer than one question waits.
            Err(ListError::Behind(_)) => {}
            page => break page.unwrap(),
        }
    };
    assert_eq!(page.items.len(), country.everybody().await.len());
}
