//! The forms in which commands give what they found.

use std::fs;
use std::path::PathBuf;

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
    match call.matches.get_one::<PathBuf>("output") {
        Some(path) => Ok(fs::write(path, text).map_err(SimError::file("write", path))?),
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
}

impl Table {
    pub(super) fn of(headings: &[&str]) -> Table {
        let row = headings.iter().map(|heading| (*heading).to_owned()).collect();
        Table { rows: vec![row], right: vec![false; headings.len()] }
    }

    /// Lets columns of numbers stand to the right.
    pub(super) fn right(mut self, headings: &[&str]) -> Table {
        self.right = self.rows[0].iter().map(|heading| headings.contains(&heading.as_str())).collect();
        self
    }

    pub(super) fn row<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) {
        self.rows.push(cells.into_iter().map(one_line).collect());
    }

    pub(super) fn text(&self) -> String {
        let width = |column: usize| self.rows.iter().filter_map(|row| row.get(column)).map(|cell| wide(cell)).max();
        let widths: Vec<usize> = (0..self.right.len()).map(|column| width(column).unwrap_or_default()).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for ((cell, width), right) in row.iter().zip(&widths).zip(&self.right) {
                let blanks = " ".repeat(width - wide(cell));
                let cell = if *right { blanks + cell } else { cell.clone() + &blanks };
                line.push_str(&cell);
                line.push_str("  ");
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// A cell without what would break the table, or the terminal. Its own colours stay.
fn one_line(cell: &str) -> String {
    cell.chars().map(|c| if c.is_control() && c != '\x1b' { ' ' } else { c }).collect()
}

/// How many columns of a terminal a text takes, without the codes that colour it.
fn wide(text: &str) -> usize {
    anstream::adapter::strip_str(text).to_string().chars().count()
}
