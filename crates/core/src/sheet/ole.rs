//! Compound files (OLE2): the container of .xls, of WPS .et, and of an .xlsx under a password. Read from MS-CFB.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};

use super::fault::SheetFault;

const END: u32 = 0xFFFF_FFFE;
/// Larger sector numbers are marks, not sectors.
const LAST_SECTOR: u32 = 0xFFFF_FFFA;

const TORN: SheetFault = SheetFault::Damaged("container", "a chain of sectors is torn");

/// The first bytes of every compound file.
pub(super) const MAGIC: [u8; 8] = [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];

/// One stream in the container.
struct Entry {
    name: String,
    start: u32,
    size: u64,
}

/// An opened container.
pub(super) struct Container {
    file: BufReader<File>,
    /// Size of the file, in sectors: no chain can be longer.
    sectors: usize,
    sector_size: usize,
    fat: Vec<u32>,
    mini_fat: Vec<u32>,
    /// The stream in which the small streams lie.
    mini: Vec<u8>,
    mini_below: u64,
    entries: Vec<Entry>,
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_le_bytes)
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

impl Container {
    pub(super) fn open(file: File, size: u64) -> Result<Self, SheetFault> {
        let mut file = BufReader::new(file);
        let mut head = [0_u8; 512];
        file.read_exact(&mut head).map_err(|_| TORN)?;
        let shift = u16_at(&head, 30).ok_or(TORN)?;
        if !matches!(shift, 9 | 12) {
            return Err(SheetFault::Damaged("container", "the size of its sectors is unknown"));
        }
        let sector_size = 1_usize << shift;
        let field = |at: usize| u32_at(&head, at).ok_or(TORN);
        let directory_start = field(48)?;
        let mini_below = u64::from(field(56)?);
        let (mini_fat_start, mini_fat_count) = (field(60)?, field(64)?);
        let (mut difat_next, difat_count) = (field(68)?, field(72)?);
        let mut container = Self {
            file,
            sectors: usize::try_from(size.div_ceil(sector_size as u64)).map_err(|_| TORN)?,
            sector_size,
            fat: Vec::new(),
            mini_fat: Vec::new(),
            mini: Vec::new(),
            mini_below,
            entries: Vec::new(),
        };

        let mut fat_sectors: Vec<u32> = numbers(&head[76..]).take_while(|&s| s <= LAST_SECTOR).collect();
        for _ in 0..(difat_count as usize).min(container.sectors) {
            if difat_next > LAST_SECTOR {
                break;
            }
            let sector = container.sector(difat_next)?;
            let mut further: Vec<u32> = numbers(&sector).collect();
            difat_next = further.pop().unwrap_or(END);
            fat_sectors.extend(further.into_iter().take_while(|&s| s <= LAST_SECTOR));
        }
        if fat_sectors.len() > container.sectors {
            return Err(TORN);
        }
        for sector in fat_sectors {
            let sector = container.sector(sector)?;
            container.fat.extend(numbers(&sector));
        }

        let directory = container.chain(directory_start, u64::MAX)?;
        for entry in directory.chunks_exact(128) {
            let length = usize::from(u16_at(entry, 64).unwrap_or(0)).min(64);
            let name: Vec<u16> = (0..length.saturating_sub(2) / 2).filter_map(|i| u16_at(entry, i * 2)).collect();
            // 5 is the root, 2 a stream; storages hold nothing themselves.
            if matches!(entry[66], 2 | 5) {
                let wide = u64::from(u32_at(entry, 124).unwrap_or(0)) << 32;
                let size = u64::from(u32_at(entry, 120).ok_or(TORN)?);
                container.entries.push(Entry {
                    name: String::from_utf16_lossy(&name),
                    start: u32_at(entry, 116).ok_or(TORN)?,
                    // Files with small sectors leave rubbish in the upper half.
                    size: if shift == 12 { size | wide } else { size },
                });
            }
        }
        if let Some((start, size)) = container.entries.first().map(|root| (root.start, root.size))
            && mini_fat_count > 0
        {
            let mini_fat = container.chain(mini_fat_start, u64::MAX)?;
            container.mini_fat = numbers(&mini_fat).collect();
            container.mini = container.chain(start, size)?;
        }
        Ok(container)
    }

    /// Whether there is a stream of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| entry.name.eq_ignore_ascii_case(name))
    }

    /// A whole stream.
    pub(super) fn stream(&mut self, name: &str) -> Result<Vec<u8>, SheetFault> {
        let entry = self.entries.iter().find(|entry| entry.name.eq_ignore_ascii_case(name));
        let (start, size) = entry.map(|e| (e.start, e.size)).ok_or(TORN)?;
        let bytes = if size < self.mini_below { self.mini_chain(start, size)? } else { self.chain(start, size)? };
        if (bytes.len() as u64) < size {
            return Err(SheetFault::Damaged("container", "a stream is cut short"));
        }
        Ok(bytes)
    }

    fn sector(&mut self, number: u32) -> Result<Vec<u8>, SheetFault> {
        let at = (u64::from(number) + 1) * self.sector_size as u64;
        self.file.seek(SeekFrom::Start(at)).map_err(SheetFault::Unreadable)?;
        let mut sector = vec![0; self.sector_size];
        let mut filled = 0;
        // The last sector of some writers is short; what is missing shows when a stream is too short.
        while filled < sector.len() {
            match self.file.read(&mut sector[filled..]).map_err(SheetFault::Unreadable)? {
                0 if filled == 0 => return Err(TORN),
                0 => break,
                n => filled += n,
            }
        }
        sector.truncate(filled);
        Ok(sector)
    }

    fn chain(&mut self, start: u32, size: u64) -> Result<Vec<u8>, SheetFault> {
        let mut bytes = Vec::new();
        let mut next = start;
        let mut steps = 0;
        while next <= LAST_SECTOR && (bytes.len() as u64) < size {
            steps += 1;
            if steps > self.sectors {
                return Err(TORN);
            }
            bytes.extend_from_slice(&self.sector(next)?);
            next = *self.fat.get(next as usize).ok_or(TORN)?;
        }
        bytes.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        Ok(bytes)
    }

    fn mini_chain(&self, start: u32, size: u64) -> Result<Vec<u8>, SheetFault> {
        let mut bytes = Vec::new();
        let mut next = start;
        let mut steps = 0;
        while next <= LAST_SECTOR && (bytes.len() as u64) < size {
            steps += 1;
            if steps > self.mini.len() / 64 + 1 {
                return Err(TORN);
            }
            let rest = self.mini.get(next as usize * 64..).ok_or(TORN)?;
            bytes.extend_from_slice(&rest[..rest.len().min(64)]);
            next = *self.mini_fat.get(next as usize).ok_or(TORN)?;
        }
        bytes.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        Ok(bytes)
    }
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = u32> + '_ {
    bytes.chunks_exact(4).filter_map(|four| u32_at(four, 0))
}
