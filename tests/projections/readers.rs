//! Views for a reader that may not see every record.

use std::collections::HashSet;

use care_ledger::domain::event::Event;
use care_ledger::domain::id::Position;
use care_ledger::ledger::Ledger;
use care_ledger::ledger::read::open::Reader;
use care_ledger::projection::replay::Moments;
use care_ledger::projection::replay::log::LogReading;
use care_ledger::projection::view::RecordView;
use care_ledger::store::open::StoreConfig;
use chrono::{DateTime, FixedOffset};

use crate::effective::year;
use crate::support::service::fixture;

fn of_custody(kind: &str) -> bool {
    let parts = ["detention.", "modality.", "drugFreeUnit."];
    parts.iter().any(|part| kind.starts_with(part)) || kind == "death.recorded"
}

/// A reader that may see custody alone, and what corrects or annuls it.
fn is_of_custody(event: &Event) -> bool {
    let data = event.data();
    let target = ["corrects", "annuls"].iter().find_map(|name| data.get(*name)?["type"].as_str());
    // A chain of these may end at custody.
    let kind = target.unwrap_or(event.kind.code());
    of_custody(kind) || target.is_some() && kind.starts_with("record.")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_of_custody_gets_custody_alone_in_each_view() {
    let filled = tokio::task::spawn_blocking(|| {
        let (folder, service) = fixture();
        service.send_lines(&year());
        service.stop();
        folder
    });
    let folder = filled.await.unwrap();
    let reader = Reader::of_some("test", is_of_custody);
    for view in [RecordView::Recorded, RecordView::Effective] {
        let store = StoreConfig::Folder(folder.path().to_owned());
        let ledger = Ledger::open(&store, &mut |_, _| ()).await.unwrap();
        let end = ledger.tail();
        let (moments, from) = (Moments::default(), "0".parse().unwrap());
        let read = |ledger: Ledger, reader| {
            let reading = LogReading { ledger, reader, view, moments, from };
            let batches = reading.start(tokio::runtime::Handle::current()).unwrap();
            tokio::task::spawn_blocking(move || {
                let batches: Vec<_> = batches.into_iter().map(Result::unwrap).collect();
                let last = batches.last().unwrap().position;
                let records = batches.into_iter().flat_map(|batch| batch.records);
                let mut told: Vec<(Position, DateTime<FixedOffset>, String)> = records
                    .map(|one| {
                        let record = one.record();
                        (record.position, one.time(), record.event().kind.code().to_owned())
                    })
                    .collect();
                told.sort();
                (last, told)
            })
        };
        let (last, custody) = read(ledger.clone(), reader).await.unwrap();
        let (_, mut all) = read(ledger.clone(), Reader::system("test")).await.unwrap();
        assert_eq!(last, end, "withheld records are passed over, to the end");
        // Merges are no custody: this reader does not know who is one person, but gets each record.
        let seen: HashSet<Position> = custody.iter().map(|(position, ..)| *position).collect();
        assert!(seen.len() > 200 && all.len() > custody.len() + 500, "{}", seen.len());
        let may_see = |kind: &str| of_custody(kind) || kind.starts_with("record.");
        assert!(custody.iter().all(|(_, _, kind)| may_see(kind)));
        all.retain(|(position, _, kind)| {
            of_custody(kind) || kind.starts_with("record.") && seen.contains(position)
        });
        assert_eq!(custody, all);
    }
}
