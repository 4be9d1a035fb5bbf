//! Go's `encoding/gob`, for records of plain fields.
//!
//! A stream is a row of messages. Each is a length and so many bytes: the definition of a type, or a value. What is here
//! reads what any Go program sends, whatever its types are called and numbered, in whatever order their fields are;
//! fields that a record has not are skipped, save for interfaces that are not nil. It writes what a Go program with the
//! same types writes, byte for byte.
//!
//! Of what comes from outside nothing is believed. A message, all definitions of a stream together, the elements of a
//! list and the depth of values are limited; the time that a message takes and the memory it takes follow from its
//! length.

mod decoder;
mod encoder;
mod messages;
mod reader;
mod types;

use std::fmt;

pub(crate) use self::decoder::Decoder;
pub(crate) use self::encoder::Encoder;
pub(crate) use self::messages::{Messages, Next};

/// A struct that goes over a stream.
pub(crate) trait Record: Default + 'static {
    /// Its name in Go.
    const NAME: &'static str;
    /// The number of its type among those of the side that sends it: a Go process numbers types from 65 on as they are
    /// first sent.
    const ID: i64;

    /// Its fields in order. They are written from what these point to, and read into it.
    fn fields(&mut self) -> Vec<(&'static str, Field<'_>)>;
}

/// A field of a record. Texts are bytes, as in Go.
#[derive(Debug)]
pub(crate) enum Field<'a> {
    /// `bool`
    Bool(&'a mut bool),
    /// `int`
    Int(&'a mut i64),
    /// `uint64`
    Uint(&'a mut u64),
    /// `[]byte`
    Bytes(&'a mut Vec<u8>),
    /// `string`
    Text(&'a mut Vec<u8>),
    /// `[]string`, and the number of that type for who sends it.
    Texts(&'a mut Vec<Vec<u8>>, i64),
}

/// The types that need no definition.
mod builtin {
    pub(super) const BOOL: i64 = 1;
    pub(super) const INT: i64 = 2;
    pub(super) const UINT: i64 = 3;
    pub(super) const FLOAT: i64 = 4;
    pub(super) const BYTES: i64 = 5;
    pub(super) const STRING: i64 = 6;
    pub(super) const COMPLEX: i64 = 7;
    pub(super) const INTERFACE: i64 = 8;
}

impl Field<'_> {
    /// The type's name in Go.
    fn go_type(&self) -> &'static str {
        match self {
            Field::Bool(_) => "bool",
            Field::Int(_) => "int",
            Field::Uint(_) => "uint64",
            Field::Bytes(_) => "[]uint8",
            Field::Text(_) => "string",
            Field::Texts(..) => "[]string",
        }
    }
}

/// Why a message cannot be read, in Go's words where Go has some. The next one may be readable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Error(String);

impl Error {
    pub(super) fn new(why: impl fmt::Display) -> Error {
        Error(format!("gob: {why}"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}
