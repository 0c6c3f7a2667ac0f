//! The file of a backup: a mark, the format's version, a compressed body, and a SHA-256 of all that stands before it.
//!
//! The body is a sequence of pieces, each with its length before it: what the file contains as JSON, then for each
//! table its rows as `COPY` writes them, ended by an empty piece. Knows no database.

use std::io::{self, BufReader, Read, Seek, SeekFrom, Take, Write};

use aws_lc_rs::digest::{Context, SHA256};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::BackupError;

const MARK: &[u8] = b"SIGNET BACKUP\n";
const FORMAT: u8 = 1;
const HEAD_LENGTH: u64 = MARK.len() as u64 + 1;
const SUM_LENGTH: u64 = 32;
/// Rows are gathered into pieces of about this size.
const PIECE: usize = 64 * 1024;
/// No piece is larger than a row, and PostgreSQL's rows end at a gigabyte.
const LARGEST_PIECE: u32 = 1 << 30;

/// What a file contains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// The version of the program that made it.
    pub program: String,
    #[serde(with = "time::serde::rfc3339")]
    pub made_at: OffsetDateTime,
    /// Tells whether the secret key at hand is the one that sealed what is in the file.
    pub key_fingerprint: String,
    /// The migrations that had been applied.
    pub migrations: Vec<AppliedMigration>,
    /// In the order of their rows in the file: referred-to tables before those that refer to them.
    pub tables: Vec<Table>,
    pub sequences: Vec<Sequence>,
}

impl Contents {
    /// The start of the fingerprint, as keys are called by people.
    pub fn key_id(&self) -> &str {
        self.key_fingerprint.get(..16).unwrap_or(&self.key_fingerprint)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedMigration {
    pub version: i64,
    /// In hexadecimal.
    pub checksum: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    pub name: String,
    pub columns: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sequence {
    pub name: String,
    pub last_value: i64,
    pub is_called: bool,
}

/// Writes a file from its beginning to its end.
pub(super) struct Writer<W: Write> {
    body: GzEncoder<Summed<W>>,
    rows: Vec<u8>,
}

/// Sums up what passes through.
struct Summed<W> {
    out: W,
    sum: Context,
}

impl<W: Write> Write for Summed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.sum.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl<W: Write> Writer<W> {
    pub fn begin(out: W, contents: &Contents) -> io::Result<Self> {
        let mut out = Summed { out, sum: Context::new(&SHA256) };
        out.write_all(MARK)?;
        out.write_all(&[FORMAT])?;
        let mut writer = Self { body: GzEncoder::new(out, Compression::fast()), rows: Vec::with_capacity(PIECE) };
        writer.piece(&serde_json::to_vec(contents)?)?;
        Ok(writer)
    }

    /// Adds rows to the table that is being written.
    pub fn rows(&mut self, rows: &[u8]) -> io::Result<()> {
        self.rows.extend_from_slice(rows);
        if self.rows.len() >= PIECE { self.put_rows() } else { Ok(()) }
    }

    pub fn end_table(&mut self) -> io::Result<()> {
        if !self.rows.is_empty() {
            self.put_rows()?;
        }
        self.piece(&[])
    }

    /// Puts the sum at the end and gives back what was written to.
    pub fn finish(self) -> io::Result<W> {
        let Summed { mut out, sum } = self.body.finish()?;
        out.write_all(sum.finish().as_ref())?;
        out.flush()?;
        Ok(out)
    }

    fn put_rows(&mut self) -> io::Result<()> {
        let rows = std::mem::take(&mut self.rows);
        self.piece(&rows)?;
        self.rows = rows;
        self.rows.clear();
        Ok(())
    }

    fn piece(&mut self, bytes: &[u8]) -> io::Result<()> {
        let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        self.body.write_all(&length.to_be_bytes())?;
        self.body.write_all(bytes)
    }
}

/// Reads a file that [`check`] has found whole.
pub(super) struct Reader<R: Read>(GzDecoder<BufReader<Take<R>>>);

impl<R: Read + Seek> Reader<R> {
    /// Begins anew, at what the file contains.
    pub fn open(mut file: R) -> Result<(Contents, Self), BackupError> {
        let length = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(HEAD_LENGTH))?;
        let body = file.take(length.saturating_sub(HEAD_LENGTH + SUM_LENGTH));
        let mut reader = Self(GzDecoder::new(BufReader::with_capacity(PIECE, body)));
        let contents = reader.piece()?.unwrap_or_default();
        let contents = serde_json::from_slice(&contents).map_err(|_| BackupError::Damaged("its list of contents"))?;
        Ok((contents, reader))
    }

    /// The next rows of the table that is being read; `None` at its end.
    pub fn piece(&mut self) -> Result<Option<Vec<u8>>, BackupError> {
        let mut length = [0; 4];
        self.0.read_exact(&mut length).map_err(unreadable)?;
        let length = u32::from_be_bytes(length);
        if length > LARGEST_PIECE {
            return Err(BackupError::Damaged("a piece of it is too long"));
        }
        let mut bytes = Vec::new();
        (&mut self.0).take(u64::from(length)).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() != length as usize {
            return Err(BackupError::Damaged("it ends too early"));
        }
        Ok((length > 0).then_some(bytes))
    }

    /// Whether nothing follows.
    pub fn is_at_end(&mut self) -> bool {
        matches!(self.0.read(&mut [0]), Ok(0))
    }
}

fn unreadable(error: io::Error) -> BackupError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            BackupError::Damaged("its body")
        }
        _ => error.into(),
    }
}

/// Reads the whole file and gives what it contains. Fails with `NotABackup`, `Newer` or `Damaged`; what passes can be
/// restored as far as the file goes.
pub fn check(mut file: impl Read + Seek) -> Result<Contents, BackupError> {
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(0))?;
    let mut head = Vec::new();
    (&mut file).take(HEAD_LENGTH).read_to_end(&mut head)?;
    let Some(format) = head.strip_prefix(MARK) else { return Err(BackupError::NotABackup) };
    match format {
        [FORMAT] => {}
        [] | [0] => return Err(BackupError::Damaged("it ends too early")),
        [newer, ..] => return Err(BackupError::Newer(format!("format {newer}"))),
    }
    let Some(body_length) = length.checked_sub(HEAD_LENGTH + SUM_LENGTH) else {
        return Err(BackupError::Damaged("it ends too early"));
    };
    let mut sum = Context::new(&SHA256);
    sum.update(&head);
    let mut body = (&mut file).take(body_length);
    let mut bytes = vec![0; PIECE];
    loop {
        match body.read(&mut bytes)? {
            0 => break,
            read => sum.update(&bytes[..read]),
        }
    }
    let mut written = Vec::new();
    file.read_to_end(&mut written)?;
    if sum.finish().as_ref() != written {
        return Err(BackupError::Damaged("its checksum is wrong"));
    }
    let (contents, mut reader) = Reader::open(file)?;
    for _ in &contents.tables {
        while reader.piece()?.is_some() {}
    }
    if !reader.is_at_end() {
        return Err(BackupError::Damaged("more follows than it lists"));
    }
    Ok(contents)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use time::macros::datetime;

    use super::*;

    fn contents() -> Contents {
        let table = |name: &str| Table { name: name.into(), columns: vec!["id".into()] };
        Contents {
            program: "0.1.0".into(),
            made_at: datetime!(2026-06-01 12:00 UTC),
            key_fingerprint: "ab".repeat(32),
            migrations: vec![AppliedMigration { version: 1, checksum: "cd".into() }],
            tables: vec![table("teams"), table("users"), table("sessions")],
            sequences: vec![Sequence { name: "n".into(), last_value: 7, is_called: true }],
        }
    }

    fn file() -> Vec<u8> {
        let mut writer = Writer::begin(Vec::new(), &contents()).unwrap();
        writer.rows(b"1\ta\n").unwrap();
        writer.rows(b"2\tb\n").unwrap();
        writer.end_table().unwrap();
        writer.end_table().unwrap();
        writer.rows(&b"x\n".repeat(PIECE)).unwrap();
        writer.end_table().unwrap();
        writer.finish().unwrap()
    }

    fn refusal(bytes: &[u8]) -> BackupError {
        check(Cursor::new(bytes)).expect_err("it is refused")
    }

    #[test]
    fn what_was_written_is_read_back_table_by_table() {
        let file = file();
        assert_eq!(check(Cursor::new(&file)).unwrap(), contents());
        let (_, mut reader) = Reader::open(Cursor::new(&file)).unwrap();
        assert_eq!(reader.piece().unwrap().unwrap(), b"1\ta\n2\tb\n");
        assert_eq!(reader.piece().unwrap(), None);
        assert_eq!(reader.piece().unwrap(), None, "an empty table");
        let mut length = 0;
        while let Some(rows) = reader.piece().unwrap() {
            length += rows.len();
        }
        assert_eq!(length, 2 * PIECE);
        assert!(reader.is_at_end());
    }

    #[test]
    fn a_flipped_bit_of_any_byte_is_refused() {
        let file = file();
        for (at, bit) in (0..file.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
            let mut flipped = file.clone();
            flipped[at] ^= 1 << bit;
            refusal(&flipped);
        }
    }

    #[test]
    fn a_file_cut_anywhere_or_with_something_behind_it_is_refused() {
        let file = file();
        for length in 0..file.len() {
            refusal(&file[..length]);
        }
        refusal(&[&file[..], b"\n"].concat());
        refusal(&[&file[..], &file[..]].concat());
    }

    #[test]
    fn other_files_and_newer_formats_are_told_apart_from_damage() {
        assert!(matches!(refusal(b"PGDMP"), BackupError::NotABackup));
        assert!(matches!(refusal(b""), BackupError::NotABackup));
        let mut newer = file();
        newer[MARK.len()] = FORMAT + 1;
        assert!(matches!(refusal(&newer), BackupError::Newer(format) if format == "format 2"));
        let mut damaged = file();
        *damaged.last_mut().unwrap() ^= 1;
        assert!(matches!(refusal(&damaged), BackupError::Damaged(_)));
    }

    #[test]
    fn a_sum_that_is_right_does_not_make_a_wrong_body_whole() {
        let mut short = Writer::begin(Vec::new(), &contents()).unwrap();
        short.end_table().unwrap();
        assert!(matches!(refusal(&short.finish().unwrap()), BackupError::Damaged(_)), "two tables are missing");
        let mut long = Writer::begin(Vec::new(), &Contents { tables: Vec::new(), ..contents() }).unwrap();
        long.rows(b"1\n").unwrap();
        long.end_table().unwrap();
        assert!(matches!(refusal(&long.finish().unwrap()), BackupError::Damaged(_)), "one table is too many");
    }
}
