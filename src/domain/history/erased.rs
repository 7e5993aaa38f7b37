//! The findings about erased records, which are missing from every figure.
//! Always: a finding names class, count, date and basis, and nothing of the erased content.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::event::{Content, Erasure, OpenRecord, Recorded};
use crate::domain::finding::{Finding, FindingCode, RecordName};
use crate::domain::vocabulary::kind::Class;

/// One finding for each class and erasure, with the number of erased records.
pub(super) fn findings(erased: &[Arc<Recorded>]) -> Vec<Finding> {
    let mut counts: BTreeMap<(Class, &Erasure), usize> = BTreeMap::new();
    for record in erased {
        if let Content::Erased { class, erasure, .. } = &record.content {
            *counts.entry((*class, erasure)).or_default() += 1;
        }
    }
    let finding = |((class, erasure), count): ((Class, &Erasure), usize)| {
        let erased_at = erasure.at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
        let message = format!(
            "{count} {} of class {} erased at {} ({}); no figure counts any of them.",
            if count == 1 { "record was" } else { "records were" },
            class.code(),
            erased_at,
            erasure.basis,
        );
        Finding::new(FindingCode::RecordsErased, message, Vec::new())
            .with("class", class.code())
            .with("count", count)
            .with("erasedAt", erased_at)
            .with("basis", &*erasure.basis)
    };
    counts.into_iter().map(finding).collect()
}

/// The finding that a correction or annulment names an erased record.
pub(super) fn target_erased(record: &OpenRecord) -> Finding {
    let message = "A correction or annulment names an erased record and has no effect.";
    Finding::new(FindingCode::TargetErased, message, vec![RecordName::of(record)])
}
