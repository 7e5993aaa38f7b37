//! The functions of a program that has been compiled, and what it defined.

use std::collections::HashMap;

use rquickjs::{Ctx, Function, Object, Persistent, Result, Value};

use crate::projection::script::definition::{Definition, Partitioning, Selection};

type KeptFunction = Persistent<Function<'static>>;

/// One step from a state to its result.
#[derive(Clone)]
pub struct ResultStep {
    /// Whether the step is a filter, which passes the value on or ends without a result.
    pub is_filter: bool,
    /// The function of the program.
    pub function: KeptFunction,
}

/// See the module.
pub struct Program {
    /// What the program selects and how it partitions.
    pub definition: Definition,
    /// `partitionBy`.
    pub partition_by: Option<KeptFunction>,
    /// `$init`.
    pub init: Option<KeptFunction>,
    /// `$initShared`.
    pub init_shared: Option<KeptFunction>,
    /// `$created`, as often as it was defined.
    pub created: Vec<KeptFunction>,
    /// `$deleted`.
    pub deleted: Option<KeptFunction>,
    /// The handlers by type.
    pub handlers: HashMap<String, KeptFunction>,
    /// `$any`.
    pub any: Option<KeptFunction>,
    /// `transformBy` and `filterBy`, in their order.
    pub steps: Vec<ResultStep>,
}

impl Program {
    /// Reads what the prelude collected.
    pub fn read<'js>(ctx: &Ctx<'js>, defined: &Object<'js>) -> Result<Self> {
        let function = |name: &str| -> Result<Option<KeptFunction>> {
            let found: Option<Function> = defined.get(name)?;
            Ok(found.map(|found| Persistent::save(ctx, found)))
        };
        let functions = |name: &str| -> Result<Vec<KeptFunction>> {
            let found: Vec<Function> = defined.get(name)?;
            Ok(found.into_iter().map(|found| Persistent::save(ctx, found)).collect())
        };
        let types: Vec<String> = defined.get("types")?;
        let handlers = types.iter().cloned().zip(functions("handlers")?).collect();
        let steps: Vec<Vec<Value>> = defined.get("steps")?;
        let steps: Result<Vec<ResultStep>> =
            steps.iter().map(|step| read_step(ctx, step)).collect();
        let (partition_by, any) = (function("partitionBy")?, function("any")?);
        let (deleted, steps) = (function("deleted")?, steps?);
        let definition = Definition {
            selection: selection(defined)?,
            partitioning: match &partition_by {
                Some(_) => Partitioning::ByProgram,
                None if defined.get("byStream")? => Partitioning::ByStream,
                None => Partitioning::Whole,
            },
            is_shared: defined.get("biState")?,
            includes_links: defined.get("includeLinks")?,
            handles_deleted: deleted.is_some(),
            has_results: !steps.is_empty(),
            types,
            has_any: any.is_some(),
            any_serves: defined.get("anyServes")?,
        };
        Ok(Self {
            definition,
            partition_by,
            init: function("init")?,
            init_shared: function("initShared")?,
            created: functions("created")?,
            deleted,
            handlers,
            any,
            steps,
        })
    }

    /// The handler that serves a type.
    pub fn handler(&self, event_type: &str) -> Option<&KeptFunction> {
        let any = self.any.as_ref().filter(|_| self.definition.any_serves);
        self.handlers.get(event_type).or(any)
    }
}

fn read_step<'js>(ctx: &Ctx<'js>, step: &[Value<'js>]) -> Result<ResultStep> {
    let [is_filter, function] = step else { return Err(rquickjs::Error::Unknown) };
    let function: Function = function.get()?;
    Ok(ResultStep { is_filter: is_filter.get()?, function: Persistent::save(ctx, function) })
}

fn selection(defined: &Object<'_>) -> Result<Selection> {
    let streams: Vec<String> = defined.get("streams")?;
    let categories: Vec<String> = defined.get("categories")?;
    let is_all = defined.get("all")? || streams.is_empty() && categories.is_empty();
    Ok(if is_all { Selection::All } else { Selection::Named { streams, categories } })
}
