//! The table that a summary gives, checked member by member.
//! Form: `{columns: [{name, type, role, of?, partOf?, project?}], rows: [[…]], totals?: [{over}],
//! notes}`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::csv;
use crate::domain::choices::choices;

choices! {
    /// What the cells of a column hold. A cell may also be `null`.
    ColumnType:
        /// Text.
        Text = "text",
        /// A whole number.
        Integer = "integer",
        /// A number.
        Decimal = "decimal",
        /// A civil date, `YYYY-MM-DD`.
        Date = "date",
        /// A number from 0 to 1.
        Share = "share",
}

choices! {
    /// What a column is for.
    ColumnRole:
        /// It names the group of the row.
        Group = "group",
        /// It counts distinct persons.
        Persons = "persons",
        /// It measures.
        Measure = "measure",
        /// It explains.
        Note = "note",
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What its cells hold.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it is for.
    pub role: String,
    /// Of a share: the columns of its numerator and its denominator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<[String; 2]>,
    /// The column of which this count is one part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_of: Option<String>,
    /// Whether this is the group column by which a coordinator's rows are cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<bool>,
}

/// The group columns over which the table has or allows a total.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Total {
    /// Names of group columns.
    pub over: Vec<String>,
}

/// See the module.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SummaryTable {
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows: a cell for each column.
    pub rows: Vec<Vec<Value>>,
    /// The totals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub totals: Option<Vec<Total>>,
    /// Sentences for the reader.
    pub notes: Vec<String>,
}

/// What a summary gave is no table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the table of the summary: {0}")]
pub struct TableError(String);

impl SummaryTable {
    /// Reads and checks a table.
    ///
    /// # Errors
    /// [`TableError`] names the member that is wrong.
    pub fn read(text: &str) -> Result<Self, TableError> {
        let table: Self =
            serde_json::from_str(text).map_err(|error| TableError(without_place(&error)))?;
        table.check_columns()?;
        table.check_totals()?;
        for (number, row) in table.rows.iter().enumerate() {
            table.check_row(row).map_err(|why| TableError(format!("rows[{number}]{why}")))?;
        }
        Ok(table)
    }

    fn check_columns(&self) -> Result<(), TableError> {
        let mut names = BTreeSet::new();
        for (number, column) in self.columns.iter().enumerate() {
            let wrong = |what: &str| Err(TableError(format!("columns[{number}].{what}")));
            if column.name.is_empty() || !names.insert(column.name.as_str()) {
                return wrong("name is empty or stands twice");
            }
            if column.kind.parse::<ColumnType>().is_err() {
                let codes: Vec<_> = ColumnType::ALL.iter().map(|kind| kind.code()).collect();
                return wrong(&format!("type is none of {}", codes.join(", ")));
            }
            if column.role.parse::<ColumnRole>().is_err() {
                let codes: Vec<_> = ColumnRole::ALL.iter().map(|role| role.code()).collect();
                return wrong(&format!("role is none of {}", codes.join(", ")));
            }
            let named = column.of.iter().flatten().chain(&column.part_of);
            for name in named {
                if self.columns.iter().all(|other| other.name != *name) {
                    return wrong("of or partOf names no column");
                }
            }
            if column.project.is_some() && column.role != ColumnRole::Group.code() {
                return wrong("project is of a group column alone");
            }
        }
        Ok(())
    }

    fn check_totals(&self) -> Result<(), TableError> {
        let is_group = |name: &String| {
            let mut columns = self.columns.iter();
            columns.any(|column| column.name == *name && column.role == ColumnRole::Group.code())
        };
        let totals = self.totals.iter().flatten();
        let mut over = totals.flat_map(|total| &total.over);
        match over.find(|name| !is_group(name)) {
            None => Ok(()),
            Some(_) => Err(TableError("totals names what is no group column".to_owned())),
        }
    }

    fn check_row(&self, row: &[Value]) -> Result<(), String> {
        if row.len() != self.columns.len() {
            let (cells, columns) = (row.len(), self.columns.len());
            return Err(format!(" has {cells} cells for {columns} columns"));
        }
        for (number, (cell, column)) in row.iter().zip(&self.columns).enumerate() {
            if !fits(cell, &column.kind) {
                return Err(format!("[{number}] is no {}", column.kind));
            }
        }
        Ok(())
    }

    /// The table as CSV (RFC 4180), its columns in the first line.
    pub fn csv(&self) -> String {
        let mut text = String::new();
        text.push_str(&csv::line(self.columns.iter().map(|column| csv::field(&column.name))));
        for row in &self.rows {
            text.push_str(&csv::line(row.iter().map(cell_text)));
        }
        text
    }
}

/// The message of a JSON error without its place: the reader never saw the text.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

fn fits(cell: &Value, kind: &str) -> bool {
    if cell.is_null() {
        return true;
    }
    match kind {
        "text" => cell.is_string(),
        "integer" => cell.as_f64().is_some_and(|number| number.fract() == 0.0),
        "date" => cell.as_str().is_some_and(|text| text.parse::<chrono::NaiveDate>().is_ok()),
        "share" => cell.as_f64().is_some_and(|number| (0.0..=1.0).contains(&number)),
        _ => cell.is_number(),
    }
}

fn cell_text(cell: &Value) -> String {
    match cell {
        Value::Null => String::new(),
        Value::String(text) => csv::field(text),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn table() -> Value {
        json!({
            "columns": [
                {"name": "year", "type": "integer", "role": "group"},
                {"name": "prison", "type": "text", "role": "group", "project": true},
                {"name": "n", "type": "integer", "role": "persons"},
                {"name": "all", "type": "integer", "role": "measure"},
                {"name": "share", "type": "share", "role": "measure", "of": ["n", "all"]},
                {"name": "first", "type": "date", "role": "note"},
            ],
            "rows": [[2025, "gent", 3, 4, 0.75, "2025-01-02"], [2025, "a,\"b\"", 0, 0, null, null]],
            "totals": [{"over": ["prison"]}],
            "notes": ["made up"],
        })
    }

    #[test]
    fn a_table_is_read_and_written_as_csv() {
        let read = SummaryTable::read(&table().to_string()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), table());
        let csv = "year,prison,n,all,share,first\r\n2025,gent,3,4,0.75,2025-01-02\r\n\
            2025,\"a,\"\"b\"\"\",0,0,,\r\n";
        assert_eq!(read.csv(), csv);
    }

    #[test]
    fn a_text_is_no_formula() {
        assert_eq!(csv::field("=1+1"), "'=1+1");
        assert_eq!(csv::field("a=b"), "a=b");
    }

    #[test]
    fn what_is_no_table_is_named() {
        let rows: [(&str, Value, &str); 11] = [
            ("/columns/0/type", json!("number"), "columns[0].type"),
            ("/columns/0/role", json!("x"), "columns[0].role"),
            ("/columns/1/name", json!("year"), "columns[1].name"),
            ("/columns/4/of", json!(["n", "none"]), "columns[4].of"),
            ("/columns/2/name", json!(3), "invalid type"),
            ("/columns/4/project", json!(true), "unknown"),
            ("/rows/0/0", json!(1.5), "rows[0][0] is no integer"),
            ("/rows/0/4", json!(1.5), "rows[0][4] is no share"),
            ("/rows/0/5", json!("2025-13-01"), "rows[0][5] is no date"),
            ("/rows/1", json!([1]), "rows[1] has 1 cells for 6 columns"),
            ("/totals/0/over", json!(["n"]), "totals"),
        ];
        for (place, value, expected) in rows {
            let mut table = table();
            match table.pointer_mut(place) {
                Some(found) => *found = value,
                None => table["columns"][4]["more"] = value,
            }
            let error = SummaryTable::read(&table.to_string()).unwrap_err().to_string();
            assert!(error.contains(expected), "{place}: {error}");
        }
    }
}
