use std::any::TypeId;
use std::rc::Rc;

use super::reader::{Reader, out_of_bounds};
use super::types::{Type, Types};
use super::{Error, Field, Record, builtin};

/// Reads the messages of one direction of a connection.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    types: Types,
    plans: Vec<(PlanOf, Rc<Result<Plan, Error>>)>,
}

/// A record, and the number of a type that is read into it.
type PlanOf = (TypeId, i64);
/// For each field of a type as it was sent, its type, and the place in the record where it goes.
type Plan = Vec<(i64, Option<usize>)>;

/// How many elements a list may have: more than the arguments of a process.
const MAX_ELEMENTS: usize = 1 << 20;

impl Decoder {
    /// Reads a message; none where it is the definition of a type.
    ///
    /// # Errors
    /// It is no such record.
    pub(crate) fn read<R: Record>(&mut self, message: &[u8]) -> Result<Option<R>, Error> {
        self.message(message, Decoder::record)
    }

    /// Reads a message whose value is of no interest; none where it is the definition of a type.
    ///
    /// # Errors
    /// It is no gob.
    pub(crate) fn skip(&mut self, message: &[u8]) -> Result<Option<()>, Error> {
        // As Go does, the value itself is not looked at.
        self.message(message, |_, _, _| Ok(()))
    }

    fn message<T>(
        &mut self,
        message: &[u8],
        value: impl FnOnce(&mut Decoder, i64, &mut Reader<'_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let mut reader = Reader(message);
        let id = reader.int()?;
        if id >= 0 {
            return value(self, id, &mut reader).map(Some);
        }
        self.types.define(id.checked_neg().unwrap_or_default(), reader).map(|()| None)
    }

    fn record<R: Record>(&mut self, id: i64, reader: &mut Reader<'_>) -> Result<R, Error> {
        let plan = self.plan::<R>(id)?;
        let plan = plan.as_ref().as_ref().map_err(Clone::clone)?;
        let mut record = R::default();
        let mut fields = record.fields();
        reader.fields(|number, reader| {
            let &(id, place) = plan.get(number).ok_or_else(out_of_bounds)?;
            match place.and_then(|place| fields.get_mut(place)) {
                Some((_, field)) => read_field(field, reader),
                None => self.types.skip(id, reader),
            }
        })?;
        drop(fields);
        Ok(record)
    }

    /// Where the fields of a type go, made once for each type.
    fn plan<R: Record>(&mut self, id: i64) -> Result<Rc<Result<Plan, Error>>, Error> {
        let key = (TypeId::of::<R>(), id);
        if let Some((_, plan)) = self.plans.iter().find(|(of, _)| *of == key) {
            return Ok(plan.clone());
        }
        // One that is not defined may be later.
        let defined = self.types.get(id);
        let is_builtin = (builtin::BOOL..=builtin::INTERFACE).contains(&id);
        if defined.is_none() && !is_builtin {
            return Err(Error::new("unknown type id or corrupted data"));
        }
        let plan = Rc::new(self.new_plan::<R>(defined.as_deref()).map_err(Error::new));
        self.plans.push((key, plan.clone()));
        Ok(plan)
    }

    fn new_plan<R: Record>(&self, defined: Option<&Type>) -> Result<Plan, String> {
        let Some(Type::Struct(sent)) = defined else {
            return Err(format!("type mismatch in decoder: want struct type {}; got non-struct", R::NAME));
        };
        let mut record = R::default();
        let fields = record.fields();
        let mut plan = Plan::with_capacity(sent.fields.len());
        for (name, id) in &sent.fields {
            if name.is_empty() {
                return Err(format!("empty name for remote field of type {}", sent.name));
            }
            let place = fields.iter().position(|(own, _)| own.as_bytes() == name.as_slice());
            if let Some((own, field)) = place.map(|place| &fields[place])
                && !self.fits(field, *id)
            {
                return Err(format!("wrong type ({}) for received field {}.{own}", field.go_type(), sent.name));
            }
            plan.push((*id, place));
        }
        if !fields.is_empty() && !plan.is_empty() && plan.iter().all(|(_, place)| place.is_none()) {
            return Err(format!("type mismatch: no fields matched compiling decoder for {}", R::NAME));
        }
        Ok(plan)
    }

    fn fits(&self, field: &Field<'_>, id: i64) -> bool {
        match field {
            Field::Bool(_) => id == builtin::BOOL,
            Field::Int(_) => id == builtin::INT,
            Field::Uint(_) => id == builtin::UINT,
            Field::Bytes(_) => id == builtin::BYTES,
            Field::Text(_) => id == builtin::STRING,
            Field::Texts(..) => self.types.is_texts(id),
        }
    }
}

/// Reads a field whose type fits.
fn read_field(field: &mut Field<'_>, reader: &mut Reader<'_>) -> Result<(), Error> {
    match field {
        Field::Bool(value) => **value = reader.uint()? != 0,
        Field::Int(value) => **value = reader.int()?,
        Field::Uint(value) => **value = reader.uint()?,
        Field::Bytes(value) | Field::Text(value) => **value = reader.bytes()?.to_vec(),
        Field::Texts(value, _) => {
            let count = reader.count()?;
            if count > MAX_ELEMENTS {
                return Err(Error::new(format_args!("[]string slice too big: {count} elements")));
            }
            value.clear();
            for _ in 0..count {
                value.push(reader.bytes()?.to_vec());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{Encoder, Messages, Next};
    use super::*;

    #[derive(Debug, Default, PartialEq, Eq)]
    struct All {
        flag: bool,
        code: i64,
        number: u64,
        bytes: Vec<u8>,
        text: Vec<u8>,
        texts: Vec<Vec<u8>>,
    }

    impl Record for All {
        const NAME: &'static str = "All";
        const ID: i64 = 65;

        fn fields(&mut self) -> Vec<(&'static str, Field<'_>)> {
            vec![
                ("Flag", Field::Bool(&mut self.flag)),
                ("Code", Field::Int(&mut self.code)),
                ("Number", Field::Uint(&mut self.number)),
                ("Bytes", Field::Bytes(&mut self.bytes)),
                ("Text", Field::Text(&mut self.text)),
                ("Texts", Field::Texts(&mut self.texts, 66)),
            ]
        }
    }

    /// The same in another order, with what `All` has not, and without some of what it has.
    #[derive(Debug, Default)]
    struct Other {
        text: Vec<u8>,
        more: Vec<Vec<u8>>,
        code: i64,
    }

    impl Record for Other {
        const NAME: &'static str = "Other";
        const ID: i64 = 70;

        fn fields(&mut self) -> Vec<(&'static str, Field<'_>)> {
            vec![
                ("Text", Field::Text(&mut self.text)),
                ("More", Field::Texts(&mut self.more, 71)),
                ("Code", Field::Int(&mut self.code)),
            ]
        }
    }

    /// One whose field is of another type than that of `All`.
    #[derive(Debug, Default)]
    struct Wrong {
        code: Vec<u8>,
    }

    impl Record for Wrong {
        const NAME: &'static str = "Wrong";
        const ID: i64 = 72;

        fn fields(&mut self) -> Vec<(&'static str, Field<'_>)> {
            vec![("Code", Field::Text(&mut self.code))]
        }
    }

    /// One that shares nothing with `All`.
    #[derive(Debug, Default)]
    struct Foreign {
        x: bool,
    }

    impl Record for Foreign {
        const NAME: &'static str = "Foreign";
        const ID: i64 = 73;

        fn fields(&mut self) -> Vec<(&'static str, Field<'_>)> {
            vec![("X", Field::Bool(&mut self.x))]
        }
    }

    fn all() -> All {
        All {
            flag: true,
            code: -7,
            number: 300,
            bytes: vec![0, 255],
            text: b"t".to_vec(),
            texts: vec![b"a".to_vec(), Vec::new()],
        }
    }

    fn stream<R: Record>(mut record: R) -> Vec<u8> {
        let mut stream = Vec::new();
        Encoder::default().write(&mut record, &mut stream);
        stream
    }

    /// The first value of a stream.
    fn read<R: Record>(stream: &[u8]) -> Result<R, Error> {
        let (mut messages, mut decoder) = (Messages::up_to(1 << 20), Decoder::default());
        messages.push(stream);
        loop {
            match messages.next()? {
                Next::Message(message) => match decoder.read(message)? {
                    Some(record) => return Ok(record),
                    None => continue,
                },
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn what_was_written_is_read() {
        assert_eq!(read(&stream(all())), Ok(all()));
        assert_eq!(read(&stream(All::default())), Ok(All::default()));
    }

    #[test]
    fn fields_are_found_by_name() {
        let other = Other { text: b"t".to_vec(), more: vec![b"x".to_vec()], code: 3 };
        let found = read(&stream(other));
        assert_eq!(found, Ok(All { text: b"t".to_vec(), code: 3, ..All::default() }));
    }

    #[test]
    fn types_that_do_not_fit_are_refused_in_gos_words() {
        let refused = |stream: &[u8]| read::<All>(stream).unwrap_err();
        let value = |text: &str| Error(text.to_owned());
        let wrong = value("gob: wrong type (int) for received field Wrong.Code");
        assert_eq!(refused(&stream(Wrong { code: b"1".to_vec() })), wrong);
        let none = value("gob: type mismatch: no fields matched compiling decoder for All");
        assert_eq!(refused(&stream(Foreign { x: true })), none);
        assert_eq!(refused(&[3, 0xff, 130, 0]), value("gob: unknown type id or corrupted data"));
        let text = value("gob: type mismatch in decoder: want struct type All; got non-struct");
        assert_eq!(refused(&[4, 12, 0, 1, b'x']), text);
    }

    #[test]
    fn a_type_within_itself_is_skipped_to_some_depth() {
        // A struct whose one field, which `All` has not, is again such a struct.
        let definition = [&[0xff, 129, 3, 1, 2, 0xff, 130, 0, 1, 2][..], &[1, 1, b'I', 1, 0xff, 130, 0]].concat();
        let definition = [definition, vec![1, 4, b'C', b'o', b'd', b'e', 1, 4, 0, 0, 0]].concat();
        let nested = |depth: usize| {
            let value = [&[0xff, 130][..], &vec![1; depth], &vec![0; depth], &[1, 10, 0]].concat();
            let length = |bytes: &[u8]| match u8::try_from(bytes.len()) {
                Ok(short @ 0..0x80) => vec![short],
                Ok(longer) => vec![0xff, longer],
                Err(_) => {
                    let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
                    vec![0xfe, length[0], length[1]]
                }
            };
            [length(&definition), definition.clone(), length(&value), value].concat()
        };
        assert_eq!(read(&nested(60)), Ok(All { code: 5, ..All::default() }));
        assert_eq!(read::<All>(&nested(65)), Err(Error::new("invalid nesting depth")));
        assert_eq!(read::<All>(&nested(10_000)), Err(Error::new("invalid nesting depth")));
    }

    #[test]
    fn definitions_of_a_stream_are_limited() {
        let mut decoder = Decoder::default();
        let name = vec![b'x'; 1000];
        let mut refused = None;
        for id in 65..1000_i64 {
            let number = |number: i64| [vec![0xfe], u16::try_from(number).unwrap().to_be_bytes().to_vec()].concat();
            let definition = [number(id * 2 - 1), vec![3, 1, 1], number(1000), name.clone(), vec![0, 0, 0]].concat();
            if let Err(error) = decoder.read::<All>(&definition) {
                refused = Some((id, error.to_string()));
                break;
            }
        }
        assert_eq!(refused, Some((129, "gob: too many type definitions".to_owned())));
    }

    #[test]
    fn a_type_is_defined_once_and_alone() {
        let stream = stream(all());
        let twice = [&stream[..], &stream[..]].concat();
        let (mut messages, mut decoder) = (Messages::up_to(1 << 20), Decoder::default());
        messages.push(&twice);
        let mut said = Vec::new();
        while let Ok(Next::Message(message)) = messages.next() {
            said.push(decoder.read::<All>(message).map(|record| record.is_some()));
        }
        let duplicate = Err(Error::new("duplicate type received"));
        assert_eq!(said, [Ok(false), Ok(false), Ok(true), duplicate.clone(), duplicate, Ok(true)]);
        let extra = [&stream[1..usize::from(stream[0]) + 1], &[0]].concat();
        assert!(Decoder::default().read::<All>(&extra).is_err());
    }
}
