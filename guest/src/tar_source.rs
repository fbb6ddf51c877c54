//! A tar archive as a source of bytes: headers, file contents, padding, end, in whatever pieces the
//! reader has room for. Holds one header at a time, never a file.

use std::fs::File;

use crate::copy_out::read_part;
use crate::refusal::Answer;
use crate::tar_write::{end_blocks, header_blocks, padding, Member};
use crate::tree::{Found, Tree};

/// Where the members come from.
enum Members {
    Tree(Tree),
    Single(Option<Box<Found>>),
}

/// A file whose content is being sent.
struct Content {
    file: File,
    left: u64,
    padding: usize,
    name: String,
}

pub struct TarSource {
    members: Members,
    /// blocks to send before anything else, and how much of them was sent
    blocks: Vec<u8>,
    sent: usize,
    content: Option<Content>,
    ended: bool,
}

impl TarSource {
    pub fn tree(tree: Tree) -> Self {
        Self::new(Members::Tree(tree))
    }

    pub fn single(member: Member, file: File) -> Self {
        let file = Some(file);
        Self::new(Members::Single(Some(Box::new(Found { member, file }))))
    }

    fn new(members: Members) -> Self {
        Self {
            members,
            blocks: Vec::new(),
            sent: 0,
            content: None,
            ended: false,
        }
    }

    pub fn is_over(&self) -> bool {
        self.ended && self.sent == self.blocks.len()
    }

    /// Fills `space` as far as the archive reaches; 0 only when it is over.
    pub fn read(&mut self, space: &mut [u8]) -> Answer<usize> {
        let mut filled = 0;
        while filled < space.len() && !self.is_over() {
            filled += self.step(&mut space[filled..])?;
        }
        Ok(filled)
    }

    fn step(&mut self, space: &mut [u8]) -> Answer<usize> {
        if self.sent < self.blocks.len() {
            let count = space.len().min(self.blocks.len() - self.sent);
            space[..count].copy_from_slice(&self.blocks[self.sent..self.sent + count]);
            self.sent += count;
            return Ok(count);
        }
        if let Some(content) = &mut self.content {
            let mut count = 0;
            if content.left > 0 {
                count = read_part(&mut content.file, &mut content.left, space, &content.name)?;
            }
            if content.left == 0 {
                let zeros = vec![0; content.padding];
                self.content = None;
                self.queue(zeros);
            }
            return Ok(count);
        }
        self.advance()?;
        Ok(0)
    }

    fn advance(&mut self) -> Answer<()> {
        let found = match &mut self.members {
            Members::Tree(tree) => tree.next()?,
            Members::Single(found) => found.take().map(|found| *found),
        };
        let Some(Found { member, file }) = found else {
            self.queue(end_blocks());
            self.ended = true;
            return Ok(());
        };
        self.queue(header_blocks(&member));
        self.content = file.map(|file| Content {
            file,
            left: member.size,
            padding: padding(member.size),
            name: String::from_utf8_lossy(&member.name).into_owned(),
        });
        Ok(())
    }

    fn queue(&mut self, blocks: Vec<u8>) {
        self.blocks = blocks;
        self.sent = 0;
    }
}
