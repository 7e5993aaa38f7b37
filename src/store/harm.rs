//! Harm that others did to the streams of a cluster: marks after which the cluster may remove
//! records, and streams that hold what the ledger did not write.
//! Always: once replicas have read as far, they know the same of each person's stream.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::stream::StreamName;

/// The harm that somebody else did to one stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamHarm {
    /// The mark in the stream's metadata, if there is one now. Its records are there until the
    /// next scavenge.
    pub mark: Option<LossMark>,
    /// Whether the stream holds an event of somebody else, or was deleted for good. No record can
    /// be appended to it any more, and whatever stands behind that event is no record.
    pub is_tampered: bool,
}

/// A mark in the metadata of a stream that lets a scavenge remove records (server: stream
/// metadata).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum LossMark {
    /// The stream was deleted, and can be written again: `$tb` at the largest number.
    #[serde(rename = "deleted")]
    Deleted,
    /// `$tb`: records before a revision.
    #[serde(rename = "$tb")]
    TruncateBefore,
    /// `$maxCount`: all but the last records.
    #[serde(rename = "$maxCount")]
    MaxCount,
    /// `$maxAge`: records older than an age.
    #[serde(rename = "$maxAge")]
    MaxAge,
    /// The metadata cannot be read here, and the server may read a mark in them.
    #[serde(rename = "unreadable")]
    Unreadable,
}

impl LossMark {
    /// The name of the mark, as the metadata have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::TruncateBefore => "$tb",
            Self::MaxCount => "$maxCount",
            Self::MaxAge => "$maxAge",
            Self::Unreadable => "unreadable",
        }
    }
}

/// The streams to which something was done.
pub type HarmedStreams = BTreeMap<StreamName, StreamHarm>;
