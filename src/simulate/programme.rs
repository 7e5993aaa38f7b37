//! Programmes inside: the short intervention of 20 sessions, and the long ones at Ruiselede.
//! Always: a programme lies within the time inside for which it was planned; on a strike day of the
//! prison no session is held.

use super::custody::HeldPeriod;
use super::life::Life;
use super::moment::Day;
use super::place::{CodeText, Prison, RUISELEDE};
use super::quota;
use super::rates;
use super::say::Say;
use super::sender::SendingSystem;
use super::series::{Series, SeriesId};
use super::world::working_day;
use crate::domain::vocabulary::choice::{
    Eligibility, LegalStatus, NotDeliveredCause, ProgrammeKind, Service, SessionForm,
};

/// Days from the enrolment to the first day of a programme.
const ENROLLED_DAYS_BEFORE: Day = 2;

/// A programme of sessions.
struct SessionProgramme {
    project: CodeText,
    kind: ProgrammeKind,
    prison: Prison,
    from: Day,
    to: Day,
    planned: u32,
    completed_from: u32,
    minutes: u32,
    eligibility: Eligibility,
}

impl Life<'_> {
    /// The short intervention of a prison, for persons in pretrial detention or with a sentence of
    /// at most 12 months.
    pub(super) fn short_intervention(&mut self, held: &HeldPeriod, from: Day, to: Day) {
        let start = from + 10;
        let (last, short) = (to - 30, held.sentence_days.is_some_and(|days| days <= 365));
        if start > last || (held.status != LegalStatus::Pretrial && !short) {
            return;
        }
        let Some(project) = self.world.short_intervention(held.prison, start) else { return };
        // A project whose referrals are counted takes only persons who were referred to the
        // project.
        let day = working_day(from + 2);
        let taken =
            quota::is_counted(project) && (self.world.counts(day) || self.world.counts(start));
        if !self.fate.given && (taken || self.fate.slot.is_some()) {
            return;
        }
        if !self.fate.meets(rates::SHORT_INTERVENTION, &mut self.dice) {
            return;
        }
        if !self.fate.given && project.starts_with("drugsDeBaas") {
            self.refer_to_project(project, held.prison, day);
        }
        self.short_programme(project, held, start, to);
    }

    /// 20 sessions in 4 weeks, if enough time inside is left.
    pub(super) fn short_programme(
        &mut self,
        project: CodeText,
        held: &HeldPeriod,
        from: Day,
        to: Day,
    ) {
        if to - from < 30 {
            return;
        }
        let pretrial = held.status == LegalStatus::Pretrial;
        let short = Eligibility::Sentence12MonthsOrLess;
        self.programme(SessionProgramme {
            project,
            kind: ProgrammeKind::ShortIntervention,
            prison: held.prison,
            from,
            to: from + 30,
            planned: rates::SHORT_SESSIONS,
            completed_from: rates::SHORT_SESSIONS_MIN,
            minutes: 120,
            eligibility: if pretrial { Eligibility::Pretrial } else { short },
        });
    }

    /// Moves a person with enough time left to Ruiselede for the long programme.
    pub(super) fn long_programme_ahead(&mut self, held: &mut HeldPeriod, day: Day, exit: Day) {
        let start = day + 10;
        if self.fate.slot.is_some_and(|slot| slot.is_b_leave()) {
            self.move_to(held, RUISELEDE, day + 1);
            return self.long_programme("bLeave", start, exit);
        }
        let time = exit - day > rates::LONG_PROGRAMME_DAYS / 2;
        let offered = self.world.long_programmes(start - ENROLLED_DAYS_BEFORE);
        let open = offered.iter().any(|(_, weight)| *weight > 0);
        if self.fate.given || !self.fate.problem || !time || !open || held.prison == RUISELEDE {
            return;
        }
        if self.dice.chance(rates::LONG_PROGRAMME) {
            self.move_to(held, RUISELEDE, day + 1);
            let project = self.dice.pick(&offered);
            self.long_programme(project, start, exit);
        }
    }

    /// B.Leave or Perspectief: 8 months, two sessions a week.
    fn long_programme(&mut self, project: CodeText, from: Day, exit: Day) {
        self.programme(SessionProgramme {
            project,
            kind: ProgrammeKind::PrisonTherapeuticCommunity,
            prison: RUISELEDE,
            from,
            to: exit.min(from + rates::LONG_PROGRAMME_DAYS),
            planned: rates::LONG_SESSIONS,
            completed_from: rates::LONG_SESSIONS * 3 / 4,
            minutes: 90,
            eligibility: Eligibility::Other,
        });
    }

    fn programme(&mut self, programme: SessionProgramme) {
        let enrolment = self.new_id(Series::Enrolment);
        let source = SendingSystem::House(programme.project);
        let say = Say::Enrolled {
            enrolment,
            project: programme.project,
            programme: programme.kind,
            planned: programme.planned,
            eligibility: programme.eligibility,
        };
        self.tell_on(programme.from - ENROLLED_DAYS_BEFORE, source, say);
        let daily = programme.kind == ProgrammeKind::ShortIntervention;
        let (mut attended, mut lost) = (0, 0);
        let mut day = programme.from;
        for _ in 0..programme.planned {
            day = if daily { working_day(day + 1) } else { working_day(day + 3) };
            if day > programme.to || !self.goes_on(day) {
                break;
            }
            let leaves = !self.fate.given && self.dice.chance(rates::PROGRAMME_LEFT);
            if leaves || (self.fate.leaves_programme && attended == 5) {
                let reason = self.dice.pick(&[("byClient", 6), ("transfer", 3), ("rules", 2)]);
                self.tell_on(day, source, Say::ProgrammeLeft { enrolment, reason });
                return;
            }
            let held = self.session(&programme, enrolment, day, lost);
            attended += u32::from(held);
            lost += u32::from(!held);
        }
        let time = self.dice.moment(day.min(programme.to), 18, 18);
        let say = if attended >= programme.completed_from {
            Say::ProgrammeCompleted { enrolment, attended }
        } else {
            Say::ProgrammeLeft { enrolment, reason: "release" }
        };
        self.tell(time, source, say);
    }

    /// Records one planned session; returns whether the session was held.
    fn session(
        &mut self,
        programme: &SessionProgramme,
        enrolment: SeriesId,
        day: Day,
        lost: u32,
    ) -> bool {
        let session = self.new_id(Series::Session);
        let project = programme.project;
        let struck = self.world.strike(programme.prison, day);
        let spared = self.fate.given && lost >= 5;
        if struck || (self.dice.chance(rates::SESSION_LOST) && !spared) {
            let [staff, room, lockdown, client] = rates::SESSION_CAUSES;
            let drawn = self.dice.pick(&[
                (NotDeliveredCause::StaffShortage, staff),
                (NotDeliveredCause::RoomShortage, room),
                (NotDeliveredCause::Lockdown, lockdown),
                (NotDeliveredCause::Client, client),
            ]);
            let say = Say::NotDelivered {
                cause: if struck { NotDeliveredCause::Strike } else { drawn },
                service: Service::Session,
                facility: programme.prison.code(),
                project: Some(project),
                planned: Some(session),
            };
            self.tell_on(day, SendingSystem::House(project), say);
            return false;
        }
        let form = self.dice.pick(&[
            (SessionForm::Group, 6),
            (SessionForm::Individual, 3),
            (SessionForm::Peer, 1),
        ]);
        let individual = form == SessionForm::Individual;
        let minutes = if individual { 50 } else { programme.minutes };
        let say = Say::SessionHeld { enrolment, session, minutes, form };
        self.tell_on(day, SendingSystem::House(project), say);
        true
    }
}
