use super::{Field, Record, builtin};

/// Writes the messages of one direction of a connection.
#[derive(Debug, Default)]
pub(crate) struct Encoder {
    /// The types that the other side knows.
    defined: Vec<i64>,
    /// What is added to the numbers of types.
    shift: i64,
}

impl Encoder {
    /// As a process that had sent so many types before, of which the other side knows none.
    #[cfg(feature = "server")]
    pub(crate) fn after(types: i64) -> Encoder {
        Encoder { defined: Vec::new(), shift: types }
    }

    /// Adds a record, and before it what the other side has to know of its type.
    pub(crate) fn write<R: Record>(&mut self, record: &mut R, stream: &mut Vec<u8>) {
        let id = self.shift + R::ID;
        let fields = record.fields();
        if self.is_new(id) {
            put_message(stream, &self.definition::<R>(id, &fields));
            for (_, field) in &fields {
                if let Field::Texts(_, texts) = field
                    && self.is_new(self.shift + texts)
                {
                    put_message(stream, &definition_of_texts(self.shift + texts));
                }
            }
        }
        let mut message = Vec::new();
        put_int(&mut message, id);
        let mut last = None;
        for (number, (_, field)) in fields.iter().enumerate() {
            if is_zero(field) {
                continue;
            }
            // How far it is from the last one that was there.
            put_uint(&mut message, last.map_or(number + 1, |last| number - last) as u64);
            last = Some(number);
            put_field(&mut message, field);
        }
        message.push(0);
        put_message(stream, &message);
    }

    /// Whether a type was not sent before. It is now.
    fn is_new(&mut self, id: i64) -> bool {
        let is_new = !self.defined.contains(&id);
        if is_new {
            self.defined.push(id);
        }
        is_new
    }

    fn definition<R: Record>(&self, id: i64, fields: &[(&str, Field<'_>)]) -> Vec<u8> {
        let mut message = Vec::new();
        put_int(&mut message, -id);
        // The fourth kind of type: a struct. Its first field is what all types have.
        message.extend([3, 1]);
        put_common(&mut message, R::NAME, id);
        if !fields.is_empty() {
            message.push(1);
            put_uint(&mut message, fields.len() as u64);
        }
        for (name, field) in fields {
            let id = match field {
                Field::Bool(_) => builtin::BOOL,
                Field::Int(_) => builtin::INT,
                Field::Uint(_) => builtin::UINT,
                Field::Bytes(_) => builtin::BYTES,
                Field::Text(_) => builtin::STRING,
                Field::Texts(_, id) => self.shift + id,
            };
            put_common(&mut message, name, id);
        }
        message.extend([0, 0]);
        message
    }
}

/// The second kind of type: a slice.
fn definition_of_texts(id: i64) -> Vec<u8> {
    let mut message = Vec::new();
    put_int(&mut message, -id);
    message.extend([2, 1]);
    put_common(&mut message, "[]string", id);
    message.push(1);
    put_int(&mut message, builtin::STRING);
    message.extend([0, 0]);
    message
}

/// A struct of a name, which may be empty, and the number of a type.
fn put_common(message: &mut Vec<u8>, name: &str, id: i64) {
    if name.is_empty() {
        message.push(2);
    } else {
        message.push(1);
        put_bytes(message, name.as_bytes());
        message.push(1);
    }
    put_int(message, id);
    message.push(0);
}

/// What is zero is left out.
fn is_zero(field: &Field<'_>) -> bool {
    match field {
        Field::Bool(value) => !**value,
        Field::Int(value) => **value == 0,
        Field::Uint(value) => **value == 0,
        Field::Bytes(value) | Field::Text(value) => value.is_empty(),
        Field::Texts(value, _) => value.is_empty(),
    }
}

fn put_field(message: &mut Vec<u8>, field: &Field<'_>) {
    match field {
        Field::Bool(value) => put_uint(message, u64::from(**value)),
        Field::Int(value) => put_int(message, **value),
        Field::Uint(value) => put_uint(message, **value),
        Field::Bytes(value) | Field::Text(value) => put_bytes(message, value),
        Field::Texts(value, _) => {
            put_uint(message, value.len() as u64);
            value.iter().for_each(|text| put_bytes(message, text));
        }
    }
}

fn put_message(stream: &mut Vec<u8>, message: &[u8]) {
    put_bytes(stream, message);
}

fn put_bytes(message: &mut Vec<u8>, bytes: &[u8]) {
    put_uint(message, bytes.len() as u64);
    message.extend_from_slice(bytes);
}

fn put_int(message: &mut Vec<u8>, number: i64) {
    let bits = number.cast_unsigned() << 1;
    put_uint(message, if number < 0 { !bits } else { bits });
}

fn put_uint(message: &mut Vec<u8>, number: u64) {
    if let Ok(small @ 0..0x80) = u8::try_from(number) {
        return message.push(small);
    }
    let bytes = number.to_be_bytes();
    let length = bytes.len() - number.leading_zeros() as usize / 8;
    // The length, negated.
    message.push(0_u8.wrapping_sub(u8::try_from(length).unwrap_or_default()));
    message.extend_from_slice(&bytes[bytes.len() - length..]);
}
