//! Time values side by side.

use super::TimeValue;
use crate::pricing::rows::Column;

/// Time values side by side.
#[derive(Default)]
pub(super) struct Packed {
    value: Column,
    gap: Column,
    smaller: Column,
    room: Column,
    mean: Column,
}

impl Packed {
    #[inline(always)]
    pub(super) fn get(&self, i: usize) -> TimeValue {
        TimeValue {
            value: self.value[i],
            gap: self.gap[i],
            smaller: self.smaller[i],
            room: self.room[i],
            mean: self.mean[i],
        }
    }

    #[inline(always)]
    pub(super) fn set(&mut self, i: usize, row: TimeValue) {
        self.value[i] = row.value;
        self.gap[i] = row.gap;
        self.smaller[i] = row.smaller;
        self.room[i] = row.room;
        self.mean[i] = row.mean;
    }
}
