//! Data errors, which make records late, repeated, wrong and corrected, annulled or lost.
//! Always: after all corrections and annulments the records say the life as lived, except that lost
//! arrivals stay lost. Only the sender of a record corrects or annuls it, and no record is sent
//! before its event happened. Of the protagonist only care records and the date of the dropout go
//! wrong.

use super::life::{Bearer, Life, SentRecord};
use super::moment::LocalMoment;
use super::quota::is_counted;
use super::random::{Purpose, RandomStream};
use super::rates;
use super::say::Say;
use super::sender::SendingSystem;
use super::world::World;
use super::written::{CorrectionTarget, OtherPerson};
use crate::domain::vocabulary::choice::{AnnulmentReason, LegalStatus};
use crate::domain::vocabulary::kind::{Class, Kind};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A life's records as they are sent, in no order.
pub(super) fn sent(life: Life<'_>) -> Vec<SentRecord> {
    let mut errors = DataErrors {
        world: life.world,
        person: life.person,
        dice: RandomStream::new(life.world.span.seed, life.person, Purpose::DataErrors),
        seen: life.first.given || life.first.slot.is_some(),
        next: u32::try_from(life.told.len()).unwrap_or(u32::MAX),
        out: Vec::with_capacity(life.told.len() + life.told.len() / 16 + 4),
    };
    let mut told = life.told;
    if let Some(undone) = life.first.merged {
        errors.two_pseudonyms(&mut told, undone);
    }
    for record in told {
        errors.send(record);
    }
    errors.out
}

struct DataErrors<'a> {
    world: &'a World,
    person: u64,
    dice: RandomStream,
    /// Whether no arrival may be lost, because the fate is given or counts in the figures of 2025.
    seen: bool,
    next: u32,
    out: Vec<SentRecord>,
}

impl DataErrors<'_> {
    /// Sends a record, perhaps with a data error. A record that the figures of 2025 may count gets
    /// an error only if every correction is sent within the plan.
    fn send(&mut self, mut record: SentRecord) {
        record.sent = record.sent.plus(self.delay(&record));
        let plain = may_count(&record.say).then(|| record.clone());
        let before = self.out.len();
        self.send_somehow(record);
        let end = LocalMoment::new(self.world.span.to + 1, 0);
        if let Some(plain) = plain
            && self.out[before..].iter().any(|record| record.sent >= end)
        {
            self.out.truncate(before);
            self.out.push(plain);
        }
    }

    fn send_somehow(&mut self, mut record: SentRecord) {
        let kind = record.say.kind();
        if self.person == 0
            && kind != Kind::ResidentialDroppedOut
            && kind.class() != Some(Class::Clinical)
        {
            self.out.push(record);
            return;
        }
        if self.person == 0 && kind == Kind::ResidentialDroppedOut {
            return self.protagonists_dropout(record);
        }
        if self.dice.chance(rates::LATE) {
            let days = self.dice.pick(&[(2, 50), (7, 30), (20, 15), (45, 5)]);
            let days = self.dice.between(1, days);
            record.sent = record.sent.plus(i64::from(days) * DAY);
        }
        let arrived = kind == Kind::DetentionArrived && !self.seen;
        if arrived && self.dice.chance(rates::ARRIVAL_LOST) {
            return;
        }
        if self.dice.chance(rates::CORRECTED) {
            self.correct(record);
        } else if self.dice.chance(rates::ANNULLED) {
            self.annul(record);
        } else if self.dice.chance(rates::REPEATED) {
            let later = i64::from(self.dice.between(60, 3 * 86_400));
            let again = SentRecord { sent: record.sent.plus(later), ..record.clone() };
            self.out.extend([record, again]);
        } else {
            self.out.push(record);
        }
    }

    /// Seconds from the event to its sending, without a data error.
    fn delay(&mut self, record: &SentRecord) -> i64 {
        if record.source.is_court() {
            return i64::from(self.dice.between(3600, 3 * 86_400));
        }
        i64::from(self.dice.between(5, 45 * 60))
    }

    fn serial(&mut self) -> u32 {
        self.next += 1;
        self.next - 1
    }

    /// A record of the same sender about `record`, made in working hours some days after `from`.
    /// `None` once the plan is over.
    fn about(
        &mut self,
        record: &SentRecord,
        from: LocalMoment,
        days: i32,
        say: Say,
    ) -> Option<SentRecord> {
        let day = from.day() + self.dice.between(1, days);
        let time = self.dice.moment(day, 9, 16);
        let sent = time.plus(self.delay(record));
        let serial = self.serial();
        (day <= self.world.span.to).then(|| SentRecord {
            sent,
            time,
            serial,
            say,
            ..record.clone()
        })
    }

    /// Sends the record with a mistake, and then the sender's correction.
    fn correct(&mut self, record: SentRecord) {
        let Some((wrong, reason)) = self.slip(&record) else {
            self.out.push(record);
            return;
        };
        let corrects = CorrectionTarget { serial: record.serial, kind: record.say.kind() };
        let data = (wrong.time == record.time).then(|| Box::new(record.say.clone()));
        let time = (wrong.time != record.time).then_some(record.time);
        let right = Say::Corrected { corrects, reason, data, time };
        let half_right = self.half_right(&right, &wrong);
        let twice = self.dice.chance(rates::CORRECTION_CORRECTED);
        let Some(mut correction) = self.about(&record, wrong.sent, 12, right.clone()) else {
            self.out.push(record);
            return;
        };
        if twice {
            let corrects =
                CorrectionTarget { serial: correction.serial, kind: Kind::RecordCorrected };
            let reason = "correctionMistaken";
            let data = Some(Box::new(right));
            let say = Say::Corrected { corrects, reason, data, time: None };
            if let Some(second) = self.about(&record, correction.sent, 12, say) {
                correction.say = half_right;
                self.out.push(second);
            }
        }
        let first_come = self.dice.chance(rates::CORRECTION_FIRST);
        let hours = i64::from(self.dice.between(1, 48)) * HOUR;
        let sent = if first_come { correction.sent.plus(hours) } else { wrong.sent };
        self.out.extend([correction, SentRecord { sent, ..wrong }]);
    }

    /// A correction that repeats the mistake, so that a second correction is needed.
    fn half_right(&mut self, right: &Say, wrong: &SentRecord) -> Say {
        match right {
            Say::Corrected { corrects, data, time, .. } => Say::Corrected {
                corrects: *corrects,
                reason: "secondCheck",
                data: data.as_ref().map(|_| Box::new(wrong.say.clone())),
                time: time.map(|_| wrong.time),
            },
            other => other.clone(),
        }
    }

    /// The record with a mistake, and the reason that its correction will give. `None`: this record
    /// gets no mistake.
    fn slip(&mut self, record: &SentRecord) -> Option<(SentRecord, &'static str)> {
        let mut wrong = record.clone();
        match &mut wrong.say {
            Say::Dose { dose, .. } => *dose += 5000,
            Say::SessionHeld { minutes, .. } => *minutes += 30,
            Say::Imputed { days, .. } | Say::Attested { days, .. } => *days += 1,
            Say::Pronounced { months, ends_on, .. } => {
                *months += 1;
                *ends_on = None;
            }
            Say::Granted { remainder: Some(days), .. } => *days += 10,
            Say::Arrived { status: status @ LegalStatus::Pretrial, .. } => {
                *status = LegalStatus::Other;
            }
            Say::Merged { .. } | Say::Unmerged { .. } | Say::Died {} => return None,
            _ => {
                let days = self.dice.between(1, 3);
                wrong.time = wrong.time.days_later(-days);
                return (wrong.time.day() >= self.world.span.from)
                    .then_some((wrong, "dateMisread"));
            }
        }
        Some((wrong, "typingError"))
    }

    /// Sends the end of the protagonist's stay three days too late, and then the correction.
    fn protagonists_dropout(&mut self, record: SentRecord) {
        let time = record.time.days_later(3);
        let sent = time.plus(20 * MINUTE);
        let corrects = CorrectionTarget { serial: record.serial, kind: record.say.kind() };
        let right = Some(record.time);
        let say = Say::Corrected { corrects, reason: "dateMisread", data: None, time: right };
        let correction = self.about(&record, sent, 6, say);
        self.out.extend(correction);
        self.out.push(SentRecord { sent, time, ..record });
    }

    /// Sends the record, a stray record that never should have been sent, and the annulment of the
    /// stray record.
    fn annul(&mut self, record: SentRecord) {
        let [duplicate, not_occurred, wrong_person] = rates::ANNULMENT_REASONS;
        let reason = self.dice.pick(&[
            (AnnulmentReason::Duplicate, duplicate),
            (AnnulmentReason::NotOccurred, not_occurred),
            (AnnulmentReason::WrongPerson, wrong_person),
        ]);
        let kind = record.say.kind();
        let clinical = kind.class() == Some(Class::Clinical);
        let mut stray = SentRecord { serial: self.serial(), ..record.clone() };
        match reason {
            AnnulmentReason::Duplicate => stray.sent = stray.sent.plus(7 * MINUTE),
            AnnulmentReason::NotOccurred if clinical => {
                stray.time = stray.time.days_later(1);
                stray.sent = stray.sent.plus(DAY);
            }
            AnnulmentReason::WrongPerson if clinical => stray.about = Bearer::Neighbour,
            _ => {
                self.out.push(record);
                return;
            }
        }
        if matches!(kind, Kind::PersonMerged | Kind::PersonUnmerged | Kind::DeathRecorded) {
            self.out.push(record);
            return;
        }
        let annuls = CorrectionTarget { serial: stray.serial, kind };
        let say = Say::Annulled { annuls, reason };
        let annulment = self.about(&stray, stray.sent, 9, say);
        let Some(annulment) = annulment else {
            self.out.push(record);
            return;
        };
        let right_later = reason == AnnulmentReason::WrongPerson;
        let sent = if right_later { annulment.sent.plus(5 * MINUTE) } else { record.sent };
        self.out.extend([stray, annulment, SentRecord { sent, ..record }]);
    }

    /// Gives the person another pseudonym in the records of houses, until the steward merges the
    /// two.
    fn two_pseudonyms(&mut self, told: &mut [SentRecord], undone: bool) {
        let Some(first) = told.iter().map(|record| record.sent.day()).min() else { return };
        let days = self.dice.between(40, 120);
        let merged = self.dice.moment(first + days, 9, 16);
        for record in told.iter_mut() {
            if matches!(record.source, SendingSystem::House(_)) && record.time < merged {
                record.about = Bearer::SecondPseudonym;
            }
        }
        let into = Say::Merged { into: OtherPerson, reason: "sameIdentifierHash" };
        self.steward(merged, into);
        if undone {
            let later = self.dice.between(10, 60);
            let from = Say::Unmerged { from: OtherPerson, reason: "mistakenIdentity" };
            self.steward(merged.days_later(later), from);
        }
    }

    fn steward(&mut self, time: LocalMoment, say: Say) {
        if time.day() > self.world.span.to {
            return;
        }
        let serial = self.serial();
        let (source, about) = (SendingSystem::Steward, Bearer::SecondPseudonym);
        let sent = time.plus(MINUTE);
        self.out.push(SentRecord { sent, time, serial, source, about, episode: None, say });
    }
}

/// Whether the figures of 2025 may count a record.
fn may_count(say: &Say) -> bool {
    match say {
        Say::Referred { project, .. } => is_counted(project),
        Say::Enrolled { project, .. } => *project == "bLeave",
        _ => false,
    }
}
