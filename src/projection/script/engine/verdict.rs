//! Whether a program has broken a rule of the dialect.
//! Always: a program cannot take that back by catching the exception that follows.

use std::cell::RefCell;
use std::rc::Rc;

/// The first rule that was broken, in words. All clones are one.
#[derive(Debug, Clone, Default)]
pub struct Verdict(Rc<RefCell<Option<String>>>);

impl Verdict {
    /// Notes that the program has broken a rule.
    pub fn condemn(&self, message: String) {
        self.0.borrow_mut().get_or_insert(message);
    }

    /// The first rule that was broken since the last call.
    pub fn take(&self) -> Option<String> {
        self.0.borrow_mut().take()
    }
}
