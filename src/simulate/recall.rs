//! Called back from a modality: arrest, suspension, and what the court then decides.
//! Always: the court suspends within 7 working days, and a suspension lasts at most a month
//! (sources A1.7). A revocation takes effect on the first day held under the title of the sentence.

use super::fate::ModalityOutcome;
use super::held::{Exit, HeldPeriod};
use super::life::Life;
use super::modality::{GrantedModality, is_courts_choice};
use super::moment::{Day, LocalMoment};
use super::rates;
use super::say::Say;
use super::sender::SendingSystem;
use super::sentence::Title;
use super::series::Series;
use super::world::working_day;
use super::written::Date;
use crate::domain::vocabulary::choice::{
    ArrivalReason, LegalStatus, ModalityKind, ReleaseReason, RevocationBasis,
};

/// The days of a return to prison.
#[derive(Clone, Copy)]
struct Return {
    /// The arrest.
    arrested: Day,
    /// The first day held under the title of the sentence.
    back: Day,
    decided: Day,
}

/// The title under which a person comes back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum CalledBackAs {
    /// Under the title of the sentence, or of the internment.
    Own,
    /// Under provisional arrest, until the court suspends.
    ProvisionalArrest,
    /// In pretrial detention for new facts, until the court decides.
    NewFacts,
}

impl Life<'_> {
    /// After an arrest the court suspends the modality, then lifts the suspension or revokes.
    pub(super) fn called_back(
        &mut self,
        held: &mut HeldPeriod,
        title: Title,
        modality: GrantedModality,
        day: Day,
    ) -> Option<Day> {
        let own = held.status;
        let mut called = CalledBackAs::Own;
        if !modality.is_inside() {
            if !modality.residential {
                self.outside(modality.start, modality.start, day - 1);
            }
            self.doses(modality.start, day - 1, &[]);
            if !self.goes_on(day) {
                return None;
            }
            called = self.arrested(held, day);
        }
        let suspended = working_day(day + self.dice.between(1, 7));
        let decided = working_day(suspended + self.dice.between(10, 27));
        let judgment = self.new_id(Series::Judgment);
        let say = Say::Suspended { modality: modality.id, judgment };
        let time = self.dice.moment(suspended, 9, 9);
        self.tell(time, SendingSystem::SentenceCourt, say);
        if called == CalledBackAs::ProvisionalArrest {
            self.change_title(held, suspended, own);
        }
        self.inside(held, day, decided, Exit::Stays);
        if !self.goes_on(decided) {
            return None;
        }
        let lifted = match self.fate.outcome {
            Some(outcome) => outcome == ModalityOutcome::SuspendedThenServed,
            None => self.dice.chance(rates::SUSPENSION_LIFTED),
        };
        if lifted && decided < title.end {
            return self.lifted(held, title, modality, decided);
        }
        let back = match called {
            CalledBackAs::Own => day,
            CalledBackAs::ProvisionalArrest => suspended,
            CalledBackAs::NewFacts => decided,
        };
        self.change_title(held, decided, own);
        self.revoked(held, title, modality, Return { arrested: day, back, decided })
    }

    fn arrested(&mut self, held: &mut HeldPeriod, day: Day) -> CalledBackAs {
        let [own, provisional, new_facts] = rates::CALLED_BACK_AS;
        let called = self.dice.pick(&[
            (CalledBackAs::Own, own),
            (CalledBackAs::ProvisionalArrest, provisional),
            (CalledBackAs::NewFacts, new_facts),
        ]);
        let called = if self.fate.given { CalledBackAs::Own } else { called };
        let (status, reason) = match called {
            CalledBackAs::Own => (held.status, ArrivalReason::Recall),
            CalledBackAs::ProvisionalArrest => (LegalStatus::Other, ArrivalReason::Recall),
            CalledBackAs::NewFacts => (LegalStatus::Pretrial, ArrivalReason::New),
        };
        if called == CalledBackAs::NewFacts {
            held.detention = self.new_id(Series::Detention);
        }
        self.return_to_prison(held, day, status, reason);
        called
    }

    /// Arrives again, with the care of an arrival.
    pub(super) fn return_to_prison(
        &mut self,
        held: &mut HeldPeriod,
        day: Day,
        status: LegalStatus,
        reason: ArrivalReason,
    ) {
        held.since = day;
        held.cared_for = false;
        held.status = status;
        self.arrive(held, day, reason);
        self.arrival_care(held);
    }

    /// The court lifts the suspension, and the modality goes on.
    fn lifted(
        &mut self,
        held: &mut HeldPeriod,
        title: Title,
        modality: GrantedModality,
        day: Day,
    ) -> Option<Day> {
        let judgment = self.new_id(Series::Judgment);
        let say = Say::SuspensionLifted { modality: modality.id, judgment };
        let time = self.dice.moment(day, 8, 8);
        self.tell(time, SendingSystem::SentenceCourt, say);
        self.goes_on_outside(held, title, modality, day)
    }

    /// A modality goes on after a time in prison, perhaps in a residential house again.
    fn goes_on_outside(
        &mut self,
        held: &mut HeldPeriod,
        title: Title,
        modality: GrantedModality,
        day: Day,
    ) -> Option<Day> {
        if modality.is_inside() {
            return self.served(held, title.end, modality, day);
        }
        let new_facts = held.status == LegalStatus::Pretrial;
        let reason =
            if new_facts { ReleaseReason::PretrialLifted } else { modality.release_reason() };
        self.release(held, day, reason, new_facts);
        let again = modality.residential && title.end - day > 30;
        let residential = again && self.dice.chance(rates::READMITTED);
        self.course_outside(day, residential);
        let mut since = day;
        if residential {
            let stay = self.stay(day, Some(modality.id), title.end - 1);
            since = (stay.last + 1).min(title.end);
        }
        self.served(held, title.end, GrantedModality { residential, ..modality }, since)
    }

    fn revoked(
        &mut self,
        held: &mut HeldPeriod,
        title: Title,
        modality: GrantedModality,
        Return { arrested, back, decided }: Return,
    ) -> Option<Day> {
        let lived = (arrested - modality.start).min(modality.remainder);
        let quashed = self.is_quashed(&title, &modality, decided);
        let (basis, credited, remaining) = self.decision(&modality, lived);
        let judgment = self.new_id(Series::Judgment);
        let say = Say::Revoked {
            modality: modality.id,
            judgment,
            basis,
            effective_on: Some(Date::on(back)),
            credited,
            remaining,
            is_final: !quashed && self.dice.below(5) > 0,
        };
        let time = self.dice.moment(decided, 14, 16);
        self.tell(time, SendingSystem::SentenceCourt, say);
        if quashed {
            return self.restored(held, title, modality, decided);
        }
        if modality.kind == ModalityKind::TrialRelease {
            return self.interned_again(held, decided);
        }
        let left = remaining.map_or(modality.remainder - lived, u32::cast_signed);
        self.rest(held, title, back + left, decided)
    }

    /// The basis of a revocation, and the days credited or left that it states.
    fn decision(
        &mut self,
        modality: &GrantedModality,
        lived: i32,
    ) -> (RevocationBasis, Option<u32>, Option<u32>) {
        let gives = self.fate.meets(rates::COURT_GIVES_REMAINING, &mut self.dice);
        let whole = !self.fate.given && self.dice.chance(rates::COURT_GIVES_WHOLE);
        let share = self.dice.between(0, 100);
        let left = modality.remainder - if whole { 0 } else { lived * share / 100 };
        let remaining = gives.then_some(left.unsigned_abs());
        match modality.kind {
            ModalityKind::TrialRelease => (RevocationBasis::InternmentAct, None, None),
            ModalityKind::EarlyRelease => (RevocationBasis::Ministerial, None, remaining),
            kind if is_courts_choice(kind) => (RevocationBasis::Art68par5al2, None, remaining),
            _ => (RevocationBasis::Art68par5al1, gives.then_some(lived.unsigned_abs()), None),
        }
    }

    fn is_quashed(&mut self, title: &Title, modality: &GrantedModality, day: Day) -> bool {
        let quashed = match self.fate.outcome {
            Some(outcome) => outcome == ModalityOutcome::Restored,
            None => self.dice.chance(rates::REVOCATION_QUASHED),
        };
        quashed && !modality.is_inside() && title.end - day > 90
    }

    /// The court of cassation quashes the revocation, and the modality goes on.
    fn restored(
        &mut self,
        held: &mut HeldPeriod,
        title: Title,
        modality: GrantedModality,
        decided: Day,
    ) -> Option<Day> {
        let day = working_day(decided + self.dice.between(20, 60));
        self.inside(held, decided + 1, day, Exit::Stays);
        if !self.goes_on(day) {
            return None;
        }
        let judgment = self.new_id(Series::Judgment);
        let say = Say::Restored { modality: modality.id, judgment };
        let time = LocalMoment::new(day, i64::from(self.dice.between(8 * 3600, 9 * 3600)));
        self.tell(time, SendingSystem::Cassation, say);
        self.goes_on_outside(held, title, modality, day)
    }

    /// Serves the rest of the sentence, perhaps with electronic monitoring near its end.
    fn rest(&mut self, held: &mut HeldPeriod, title: Title, end: Day, day: Day) -> Option<Day> {
        let again = end - day > 200 && !self.fate.given && self.dice.below(2) == 0;
        let exit = if again { (day + end) / 2 } else { end.max(day) };
        let exit = exit.max(day + 1);
        self.inside(held, day + 1, exit, Exit::Leaves);
        if again && self.goes_on(exit) {
            let kind = ModalityKind::ElectronicMonitoring;
            let end = end + std::mem::take(&mut self.unserved);
            return self.modality(held, Title { end, ..title }, kind, exit);
        }
        self.sentence_ends(held, exit)
    }
}
