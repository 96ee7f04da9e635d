//! A view of one line's facts, made where the line's bytes are at hand.

use std::borrow::Cow;

use crate::{Facts, FormatId, Text};

/// One parsed line: its bytes and its facts side by side.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// The line without its line end.
    pub line: &'a [u8],
    /// What it says.
    pub facts: &'a Facts,
    /// Who read it.
    pub format: FormatId,
}

impl<'a> Event<'a> {
    /// The line with `[…]` in place of what must not leave: keystrokes, window titles, command lines.
    pub fn shown(&self) -> Cow<'a, [u8]> {
        self.facts.shown(self.line)
    }

    /// A text of the facts, escapes undone; `None` if the line does not give it.
    pub fn text(&self, text: Text) -> Option<Cow<'a, [u8]>> {
        (!text.is_empty()).then(|| text.value(self.line))
    }

    /// The login without domain.
    pub fn user(&self) -> Option<Cow<'a, [u8]>> {
        self.text(self.facts.user)
    }

    /// VPN group, realm or role.
    pub fn group(&self) -> Option<Cow<'a, [u8]>> {
        self.text(self.facts.group)
    }

    /// Domain of the login.
    pub fn domain(&self) -> Option<Cow<'a, [u8]>> {
        self.text(self.facts.domain)
    }
}
