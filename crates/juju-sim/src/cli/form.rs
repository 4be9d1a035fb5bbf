//! The forms in which commands give what they found.

use std::fs;
use std::path::PathBuf;

use anstyle::Style;
use clap::{Arg, ArgMatches, Command};
use serde::Serialize;

use super::call::Call;
use super::failure::Failure;
use crate::SimError;

/// Adds `--format` and `--output`. The first form is what a command gives without being asked.
pub(super) fn with_forms(command: Command, forms: &'static [&'static str]) -> Command {
    let format = Arg::new("format").long("format").value_name("FORM").value_parser(forms.to_vec());
    let format = format.default_value(forms[0]).help("How to give it");
    let output = Arg::new("output").long("output").short('o').value_name("FILE").help("Write it to a file");
    command.arg(format).arg(output.value_parser(clap::value_parser!(PathBuf)))
}

/// The form that was asked for.
pub(super) fn form(matches: &ArgMatches) -> &str {
    matches.get_one::<String>("format").map_or("yaml", String::as_str)
}

/// Gives a value as JSON or YAML, or in another form as a text that is made of it then.
pub(super) fn give(
    call: &mut Call<'_, '_>,
    value: &impl Serialize,
    text: impl FnOnce() -> String,
) -> Result<(), Failure> {
    let text = match form(call.matches) {
        "json" => format!("{}\n", serde_json::to_string(value).map_err(|error| error.to_string())?),
        "yaml" => yaml(value)?,
        _ => text(),
    };
    give_text(call, &text)
}

/// A value as Juju writes YAML.
pub(super) fn yaml(value: &impl Serialize) -> Result<String, Failure> {
    let text = serde_yaml::to_string(value).map_err(|error| Failure::Error(error.to_string()))?;
    Ok(if text == "{}\n" || text == "[]\n" { text } else { text.trim_start_matches("---\n").to_owned() })
}

/// Gives a text, where it is to go.
pub(super) fn give_text(call: &mut Call<'_, '_>, text: &str) -> Result<(), Failure> {
    match call.matches.try_get_one::<PathBuf>("output").ok().flatten() {
        Some(path) => {
            let path = call.around.dir.join(path);
            Ok(fs::write(&path, text).map_err(SimError::file("write", path))?)
        }
        None => {
            call.terminal.print(text);
            Ok(())
        }
    }
}

/// A table with headings: each column as wide as its widest cell, two blanks apart, and the last one not filled up.
#[derive(Debug)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
    /// The columns that stand to the right.
    right: Vec<bool>,
    /// The columns whose words have colours, which this gives.
    painted: Vec<bool>,
    paint: fn(&str) -> Style,
}

impl Table {
    pub(super) fn of(headings: &[&str]) -> Table {
        let row: Vec<String> = headings.iter().map(|heading| (*heading).to_owned()).collect();
        let none = vec![false; row.len()];
        Table { rows: vec![row], right: none.clone(), painted: none, paint: |_| Style::new() }
    }

    /// Lets columns of numbers stand to the right.
    pub(super) fn right(mut self, headings: &[&str]) -> Table {
        self.right = self.columns(headings);
        self
    }

    /// Paints the words of columns.
    pub(super) fn painted(mut self, headings: &[&str], paint: fn(&str) -> Style) -> Table {
        (self.painted, self.paint) = (self.columns(headings), paint);
        self
    }

    fn columns(&self, headings: &[&str]) -> Vec<bool> {
        self.rows[0].iter().map(|heading| headings.contains(&heading.as_str())).collect()
    }

    pub(super) fn row<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) {
        self.rows.push(cells.into_iter().map(one_line).collect());
    }

    pub(super) fn text(&self) -> String {
        let width = |column: usize| self.rows.iter().filter_map(|row| row.get(column)).map(|cell| wide(cell)).max();
        let widths: Vec<usize> = (0..self.right.len()).map(|column| width(column).unwrap_or_default()).collect();
        let mut text = String::new();
        for (number, row) in self.rows.iter().enumerate() {
            let last = row.iter().rposition(|cell| !cell.trim_end().is_empty()).map_or(0, |last| last + 1);
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate().take(last) {
                let blanks = " ".repeat(widths[column] - wide(cell));
                let style = if number > 0 && self.painted[column] { (self.paint)(cell) } else { Style::new() };
                let cell = format!("{style}{cell}{style:#}");
                line.push_str(&if self.right[column] { blanks + &cell } else { cell + &blanks });
                line.push_str("  ");
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// A cell without what would break the table, or the terminal.
fn one_line(cell: &str) -> String {
    cell.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// How many columns of a terminal a text takes.
fn wide(text: &str) -> usize {
    text.chars().count()
}
