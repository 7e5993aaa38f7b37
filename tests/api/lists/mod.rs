//! The lists over all persons: an item is what the answer about that one person says, at the same
//! instant and as known at the same record, whatever is recorded, deleted or killed meanwhile.

mod country;
mod damage;
mod equal;
mod erased;
mod pages;
mod served;
