use std::rc::Rc;

use super::Error;
use super::builtin;
use super::reader::{Reader, out_of_bounds};

/// The types that a stream has defined.
#[derive(Debug, Default)]
pub(super) struct Types {
    /// By number.
    defined: Vec<(i64, Rc<Type>)>,
    /// How many bytes the definitions took.
    bytes: usize,
}

#[derive(Debug)]
pub(super) enum Type {
    Struct(StructType),
    /// A slice or an array: the type of its elements.
    List(i64),
    Map {
        key: i64,
        element: i64,
    },
    /// One that a Go program writes itself, as bytes.
    Opaque,
}

#[derive(Debug, Default)]
pub(super) struct StructType {
    pub(super) name: String,
    /// Names and types.
    pub(super) fields: Vec<(Vec<u8>, i64)>,
}

/// How many bytes all definitions of a stream may take.
const MAX_DEFINITIONS: usize = 64 * 1024;
/// How deep a value may be that is skipped.
const MAX_DEPTH: usize = 64;

impl Types {
    pub(super) fn get(&self, id: i64) -> Option<Rc<Type>> {
        let place = self.place(id).ok()?;
        self.defined.get(place).map(|(_, defined)| defined.clone())
    }

    /// Whether a type is a list of texts.
    pub(super) fn is_texts(&self, id: i64) -> bool {
        matches!(self.get(id).as_deref(), Some(Type::List(builtin::STRING)))
    }

    /// Reads the definition of a type, which is all of a message.
    pub(super) fn define(&mut self, id: i64, mut reader: Reader<'_>) -> Result<(), Error> {
        self.bytes = self.bytes.saturating_add(reader.0.len());
        if self.bytes > MAX_DEFINITIONS {
            return Err(Error::new("too many type definitions"));
        }
        let defined = read_type(&mut reader)?;
        if !reader.is_empty() {
            return Err(Error::new("extra data in buffer"));
        }
        match self.place(id) {
            Err(place) => {
                self.defined.insert(place, (id, Rc::new(defined)));
                Ok(())
            }
            Ok(_) => Err(Error::new("duplicate type received")),
        }
    }

    /// Where a type is, or would be.
    fn place(&self, id: i64) -> Result<usize, usize> {
        self.defined.binary_search_by_key(&id, |(id, _)| *id)
    }

    /// Passes over a value that nobody wants.
    pub(super) fn skip(&self, id: i64, reader: &mut Reader<'_>) -> Result<(), Error> {
        self.skip_in(id, reader, MAX_DEPTH)
    }

    fn skip_in(&self, id: i64, reader: &mut Reader<'_>, depth: usize) -> Result<(), Error> {
        let depth = depth.checked_sub(1).ok_or_else(|| Error::new("invalid nesting depth"))?;
        match id {
            builtin::BOOL | builtin::INT | builtin::UINT | builtin::FLOAT => return reader.uint().map(drop),
            builtin::COMPLEX => return reader.uint().and_then(|_| reader.uint()).map(drop),
            builtin::BYTES | builtin::STRING => return reader.bytes().map(drop),
            // That of a nil interface. Another one may go on in other messages.
            builtin::INTERFACE => match reader.bytes()? {
                [] => return Ok(()),
                _ => return Err(Error::new("the value of an interface is not read")),
            },
            _ => {}
        }
        let Some(defined) = self.get(id) else {
            return Err(Error::new(format_args!("bad data: undefined type {id}")));
        };
        match &*defined {
            Type::Struct(defined) => reader.fields(|number, reader| match defined.fields.get(number) {
                Some((_, id)) => self.skip_in(*id, reader, depth),
                None => Err(out_of_bounds()),
            }),
            Type::List(element) => {
                for _ in 0..reader.count()? {
                    self.skip_in(*element, reader, depth)?;
                }
                Ok(())
            }
            Type::Map { key, element } => {
                for _ in 0..reader.count()? {
                    self.skip_in(*key, reader, depth)?;
                    self.skip_in(*element, reader, depth)?;
                }
                Ok(())
            }
            Type::Opaque => reader.bytes().map(drop),
        }
    }
}

/// The struct that Go sends a type as: it has a field for each kind of type, of which one is there.
fn read_type(reader: &mut Reader<'_>) -> Result<Type, Error> {
    let mut read = None;
    reader.fields(|kind, reader| {
        let (mut parts, mut defined) = ([0; 2], StructType::default());
        reader.fields(|number, reader| match (kind, number) {
            (0..=6, 0) => {
                defined.name = read_common(reader)?;
                Ok(())
            }
            (2, 1) => {
                for _ in 0..reader.count()? {
                    defined.fields.push(read_field(reader)?);
                }
                Ok(())
            }
            // The type of the elements, or of the keys; the length of an array, or the type of what keys lead to.
            (0 | 1 | 3, 1 | 2) => {
                parts[number - 1] = reader.int()?;
                Ok(())
            }
            _ => Err(out_of_bounds()),
        })?;
        read = Some(match kind {
            0 | 1 => Type::List(parts[0]),
            2 => Type::Struct(defined),
            3 => Type::Map { key: parts[0], element: parts[1] },
            4..=6 => Type::Opaque,
            _ => return Err(out_of_bounds()),
        });
        Ok(())
    })?;
    read.ok_or_else(|| Error::new("a type definition without a type"))
}

/// What all types have: the name.
fn read_common(reader: &mut Reader<'_>) -> Result<String, Error> {
    let mut name = String::new();
    reader.fields(|number, reader| match number {
        0 => {
            name = String::from_utf8_lossy(reader.bytes()?).into_owned();
            Ok(())
        }
        1 => reader.int().map(drop),
        _ => Err(out_of_bounds()),
    })?;
    Ok(name)
}

fn read_field(reader: &mut Reader<'_>) -> Result<(Vec<u8>, i64), Error> {
    let (mut name, mut id) = (Vec::new(), 0);
    reader.fields(|number, reader| match number {
        0 => {
            name = reader.bytes()?.to_vec();
            Ok(())
        }
        1 => {
            id = reader.int()?;
            Ok(())
        }
        _ => Err(out_of_bounds()),
    })?;
    Ok((name, id))
}
