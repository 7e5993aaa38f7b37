//! The names by which `#[utoipa::path]` refers to the schemas of the contract.
//! Always: each name is a schema of [`super::components`] (a test looks up each). Where a
//! handler reads a parameter into a type of the domain, that type stands for the schema; any other
//! schema has a stand-in here.

use std::borrow::Cow;

use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::credit::{AbsenceRule, Boundary, CreditOutcome, MonthDays};
use crate::domain::id::{PersonId, Position, Revision};
use crate::domain::time::calendar::At;
use crate::domain::trajectory::{AlertCode, CustodyState, SubstitutionState};
use crate::domain::vocabulary::kind::Kind;
use crate::projection::replay::ReplayMode;

macro_rules! named {
    ($list:ident: $($named:ident = $name:literal,)*) => {
        #[cfg(test)]
        const $list: &[&str] = &[$($name,)*];
        $(
        impl PartialSchema for $named {
            fn schema() -> RefOr<Schema> {
                Ref::from_schema_name($name).into()
            }
        }

        impl ToSchema for $named {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed($name)
            }
        }
    )*};
}

macro_rules! stand_ins {
    ($($stand_in:ident = $name:literal,)*) => {
        $(#[doc = concat!("Stands for the schema `", $name, "`.")] pub enum $stand_in {})*
        named! { STAND_INS: $($stand_in = $name,)* }
    };
}

named! {
    DOMAIN_TYPES:
    AbsenceRule = "AbsenceRule",
    AlertCode = "AlertCode",
    At = "Moment",
    Boundary = "Boundary",
    CustodyState = "CustodyState",
    Kind = "EventType",
    CreditOutcome = "CreditOutcome",
    MonthDays = "MonthDays",
    PersonId = "Uuid",
    Position = "Position",
    ReplayMode = "ReplayMode",
    Revision = "EntityTag",
    SubstitutionState = "SubstitutionState",
}

stand_ins! {
    AnySchema = "Any",
    CareEventSchema = "CareEvent",
    CareEventBatchSchema = "CareEventBatch",
    CodeSchema = "Code",
    CreditSchema = "Credit",
    CreditPageSchema = "CreditPage",
    DaysSchema = "Days",
    ErrorCodeSchema = "ErrorCode",
    EventPageSchema = "EventPage",
    FlagSchema = "Flag",
    HistorySchema = "History",
    HistoryCursorSchema = "Cursor",
    LimitSchema = "Limit",
    LinesSchema = "Lines",
    ListCursorSchema = "ListCursor",
    ProjectionNameSchema = "ProjectionName",
    ProjectionStatusSchema = "ProjectionStatus",
    ReceiptsSchema = "Receipts",
    RefusalPageSchema = "RefusalPage",
    SchemaListSchema = "SchemaList",
    SchemaNameSchema = "SchemaName",
    StarSchema = "Star",
    TextSchema = "Text",
    TrajectorySchema = "Trajectory",
    TrajectoryPageSchema = "TrajectoryPage",
    VersionSchema = "Version",
}

#[cfg(test)]
mod tests {
    use super::super::components::components;
    use super::*;

    #[test]
    fn every_name_is_a_schema_of_the_contract() {
        let schemas = components();
        for name in DOMAIN_TYPES.iter().chain(STAND_INS) {
            assert!(schemas.contains_key(*name), "{name}");
        }
    }
}
