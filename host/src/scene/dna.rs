//! The description of its own types that every .blend carries (`DNA1`): which struct has which fields, and so where
//! a field lies in a block, in whichever version wrote the file.

use super::BlendError;
use super::blend::Layout;
use std::collections::HashMap;

const DAMAGED: BlendError = BlendError::Damaged("the description of its types is broken");

/// The types of one file.
pub(super) struct Dna {
    layout: Layout,
    /// Fields of each struct, by its name.
    structs: HashMap<String, Vec<Field>>,
}

struct Field {
    type_name: String,
    /// As declared: `sfra`, `*curscene`, `name[66]`.
    declared: String,
    offset: usize,
}

impl Field {
    fn name(&self) -> &str {
        let name = self.declared.trim_start_matches(['*', '(']);
        name.split(['[', ')']).next().unwrap_or(name)
    }
}

impl Dna {
    pub(super) fn parse(data: &[u8], layout: Layout) -> Result<Self, BlendError> {
        let mut cursor = Cursor { data, layout, at: 0 };
        cursor.tag(b"SDNA")?;
        cursor.tag(b"NAME")?;
        let names = cursor.texts()?;
        cursor.tag(b"TYPE")?;
        let types = cursor.texts()?;
        cursor.tag(b"TLEN")?;
        let sizes = (0..types.len()).map(|_| cursor.number(2)).collect::<Result<Vec<_>, _>>()?;
        cursor.tag(b"STRC")?;
        let mut structs = HashMap::new();
        for _ in 0..cursor.number(4)? {
            let own_type = cursor.number(2)?;
            let mut offset = 0;
            let mut fields = Vec::new();
            for _ in 0..cursor.number(2)? {
                let (field_type, name) = (cursor.number(2)?, cursor.number(2)?);
                let type_name = types.get(field_type).ok_or(DAMAGED)?;
                let declared = names.get(name).ok_or(DAMAGED)?;
                let size = sizes.get(field_type).ok_or(DAMAGED)?;
                fields.push(Field { type_name: type_name.clone(), declared: declared.clone(), offset });
                let bytes = field_bytes(declared, *size, layout.pointer_bytes)?;
                offset = bytes.checked_add(offset).ok_or(DAMAGED)?;
            }
            structs.insert(types.get(own_type).ok_or(DAMAGED)?.clone(), fields);
        }
        Ok(Self { layout, structs })
    }

    /// The `int` at the end of a path of fields, such as `r`, `sfra` in a `Scene`.
    pub(super) fn int(&self, data: &[u8], structure: &str, path: &[&str]) -> Result<i32, BlendError> {
        let bits = self.layout.number(data, self.offset(structure, path)?, 4).ok_or(DAMAGED)?;
        Ok(bits as u32 as i32)
    }

    /// The address at the end of a path of fields.
    pub(super) fn pointer(&self, data: &[u8], structure: &str, path: &[&str]) -> Result<u64, BlendError> {
        let offset = self.offset(structure, path)?;
        self.layout.number(data, offset, self.layout.pointer_bytes).ok_or(DAMAGED)
    }

    /// The flags at the end of a path of fields, which are `short` or `int` by the version.
    pub(super) fn flags(&self, data: &[u8], structure: &str, path: &[&str]) -> Result<u64, BlendError> {
        let (offset, field) = self.field(structure, path)?;
        let bytes = if field.type_name == "short" { 2 } else { 4 };
        self.layout.number(data, offset, bytes).ok_or(DAMAGED)
    }

    /// The text at the end of a path of fields, such as `id`, `name` in a `Scene`.
    pub(super) fn text(&self, data: &[u8], structure: &str, path: &[&str]) -> Result<String, BlendError> {
        let (offset, field) = self.field(structure, path)?;
        let length = field_bytes(&field.declared, 1, self.layout.pointer_bytes)?;
        let end = offset.checked_add(length).ok_or(DAMAGED)?;
        let bytes = data.get(offset..end).ok_or(DAMAGED)?;
        let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }

    /// Whether there is such a field: versions differ.
    pub(super) fn has(&self, structure: &str, path: &[&str]) -> bool {
        self.field(structure, path).is_ok()
    }

    fn offset(&self, structure: &str, path: &[&str]) -> Result<usize, BlendError> {
        self.field(structure, path).map(|(offset, _)| offset)
    }

    /// Where the field at the end of a path lies, and how it is declared.
    fn field(&self, structure: &str, path: &[&str]) -> Result<(usize, &Field), BlendError> {
        let mut type_name = structure;
        let mut found: Option<(usize, &Field)> = None;
        for name in path {
            let fields = self.structs.get(type_name).ok_or(DAMAGED)?;
            let field = fields.iter().find(|field| field.name() == *name).ok_or(DAMAGED)?;
            let before = found.map_or(0, |(offset, _)| offset);
            found = Some((before.checked_add(field.offset).ok_or(DAMAGED)?, field));
            type_name = &field.type_name;
        }
        found.ok_or(DAMAGED)
    }
}

/// Bytes of a field: pointers and functions have a pointer's size, arrays multiply.
fn field_bytes(declared: &str, type_bytes: usize, pointer_bytes: usize) -> Result<usize, BlendError> {
    let one = if declared.starts_with(['*', '(']) { pointer_bytes } else { type_bytes };
    let mut total = one;
    for dimension in declared.split('[').skip(1) {
        let count: usize = dimension.trim_end_matches(']').parse().map_err(|_| DAMAGED)?;
        total = total.checked_mul(count).ok_or(DAMAGED)?;
    }
    Ok(total)
}

struct Cursor<'a> {
    data: &'a [u8],
    layout: Layout,
    at: usize,
}

impl Cursor<'_> {
    /// The tag of the next part; parts begin at multiples of four.
    fn tag(&mut self, tag: &[u8; 4]) -> Result<(), BlendError> {
        self.at = self.at.next_multiple_of(4);
        let found = self.data.get(self.at..self.at + 4) == Some(tag);
        self.at += 4;
        if found { Ok(()) } else { Err(DAMAGED) }
    }

    fn number(&mut self, bytes: usize) -> Result<usize, BlendError> {
        let number = self.layout.number(self.data, self.at, bytes).ok_or(DAMAGED)?;
        self.at += bytes;
        Ok(number as usize)
    }

    /// A count and as many texts, each ended by a zero byte.
    fn texts(&mut self) -> Result<Vec<String>, BlendError> {
        let count = self.number(4)?;
        let mut texts = Vec::new();
        for _ in 0..count {
            let rest = self.data.get(self.at..).ok_or(DAMAGED)?;
            let length = rest.iter().position(|byte| *byte == 0).ok_or(DAMAGED)?;
            texts.push(String::from_utf8_lossy(&rest[..length]).into_owned());
            self.at += length + 1;
        }
        Ok(texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_as_large_as_it_is_declared() {
        let check = |declared: &str, type_bytes: usize, expect: usize| {
            assert_eq!(field_bytes(declared, type_bytes, 8).ok(), Some(expect), "{declared}");
        };
        check("sfra", 4, 4);
        check("name[66]", 1, 66);
        check("mat[4][4]", 4, 64);
        check("*next", 120, 8);
        check("*mtex[18]", 312, 144);
        check("(*doit)()", 0, 8);
        assert!(field_bytes("bad[x]", 4, 8).is_err());
    }

    #[test]
    fn a_field_is_found_by_its_bare_name() {
        let check = |declared: &str, expect: &str| {
            let field = Field { type_name: String::new(), declared: declared.to_owned(), offset: 0 };
            assert_eq!(field.name(), expect);
        };
        check("sfra", "sfra");
        check("*curscene", "curscene");
        check("**mat", "mat");
        check("name[66]", "name");
        check("(*doit)()", "doit");
    }
}
